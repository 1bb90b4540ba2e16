"""Plots as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from simulation.reports.table import group
from simulation.scenarios import CaseResult
from simulation.series import Series

BLUE, ORANGE, GREY, RED, INK = "#2f6fb0", "#e0812c", "#c3cbd6", "#b5413b", "#22303f"
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8794a5",
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}
SOON_S = 60


def draw_series(series: Series, title: str, path: Path) -> None:
    """The demand, the tasks by type and the waits of one simulation, over the hours."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 7.2), layout="constrained")
        tasks, waits = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        tasks.stackplot(
            series.hours,
            series.spot,
            series.on_demand,
            series.draining,
            series.starting,
            colors=(BLUE, ORANGE, RED, GREY),
            labels=("on spot", "on demand", "draining", "starting"),
            linewidth=0,
        )
        tasks.plot(series.hours, series.demand, color=INK, linewidth=1.1, label="demand: tasks that the work needs")
        tasks.set(ylabel="tasks", ylim=(0, None))
        tasks.set_title(title, pad=26)
        tasks.legend(loc="lower left", ncols=5, fontsize=9, bbox_to_anchor=(0, 1.01), borderaxespad=0)
        day_h = 24 if series.hours[-1] > 96 else 6
        tasks.set(xlim=(0, series.hours[-1]), xticks=range(0, round(series.hours[-1]) + 1, day_h))
        top = max(*series.p99, SOON_S) * 1.15
        waits.fill_between(series.hours, series.p99, color=BLUE, alpha=0.25, linewidth=0, label="p99")
        waits.plot(series.hours, series.p50, color=BLUE, linewidth=1.1, label="p50")
        waits.axhline(SOON_S, color=RED, linewidth=1, linestyle=(0, (4, 3)), label="60 s")
        waits.set(ylabel="wait in seconds", xlabel="hours", ylim=(0, top))
        waits.legend(loc="lower left", ncols=3, fontsize=9, bbox_to_anchor=(0, 1.01), borderaxespad=0)
        figure.savefig(path, dpi=110)


def draw_comparison(results: Sequence[CaseResult], scenario: str, path: Path) -> None:
    """Cost against the share of jobs that started within 60 s: one dot for each policy, bars for the spread."""
    policies = group(results)[scenario]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.2, 5), layout="constrained")
        axes = figure.subplots()
        for policy, found in policies.items():
            costs = [each.settled.cost_ratio for each in found]
            late = [100 * (1 - each.settled.soon) for each in found]
            color = {"fleet": BLUE, "clairvoyant": "#3c8d5a"}.get(policy, "#7b8898")
            x, y = mean(costs), max(0.005, mean(late))
            axes.plot([min(costs), max(costs)], [y, y], color=color, linewidth=1)
            axes.plot([x, x], [max(0.005, min(late)), max(0.005, max(late))], color=color, linewidth=1)
            axes.plot([x], [y], "o", color=color, markersize=9 if policy == "fleet" else 6)
            axes.annotate(
                policy,
                (x, y),
                xytext=(-7, -13) if policy == "fleet" else (7, 5),
                textcoords="offset points",
                ha="right" if policy == "fleet" else "left",
                color=color,
                weight="bold" if policy == "fleet" else "normal",
            )
        axes.set(
            yscale="log",
            yticks=(0.01, 0.1, 1, 10, 100),
            ylim=(0.004, 130),
            xlabel="cost over pure work",
            ylabel="jobs that wait for more than 60 s, %",
        )
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_title(f"{scenario}: lower left is better")
        axes.axhline(1.0, color=RED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.axvline(1.0, color="#8794a5", linewidth=0.8)
        axes.margins(x=0.12)
        figure.savefig(path, dpi=110)
