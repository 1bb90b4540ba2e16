"""The table that a person reads."""

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev

from rich.console import Console
from rich.table import Table

from simulation.results import Figures
from simulation.scenarios import CaseResult

COLUMNS: Mapping[str, tuple[Callable[[Figures], float], str]] = {
    "cost over pure work": (lambda each: each.cost_ratio, ".3f"),
    "$ per 1,000 images": (lambda each: each.dollars_per_1000, ".3f"),
    "wait p50 s": (lambda each: each.p50, ".1f"),
    "p95 s": (lambda each: each.p95, ".1f"),
    "p99 s": (lambda each: each.p99, ".1f"),
    "within 60 s %": (lambda each: 100 * each.soon, ".2f"),
    "interruptions": (lambda each: each.interruptions, ".0f"),
    "wasted GPU s": (lambda each: each.wasted_s, ".0f"),
    "refused": (lambda each: each.refused, ".0f"),
}
WIDTH = 240  # of the table in a file
FIRST, OTHERS, WHOLE = "first day", "other days", "all"


def group(results: Sequence[CaseResult]) -> dict[str, dict[str, list[CaseResult]]]:
    """The results by scenario and policy, each with one result for each seed."""
    grouped: dict[str, dict[str, list[CaseResult]]] = {}
    for result in results:
        policies = grouped.setdefault(result.case.scenario, {})
        policies.setdefault(result.case.policy, []).append(result)
    return grouped


def list_rows(results: Sequence[CaseResult]) -> list[tuple[str, str, str, list[Figures]]]:
    """Scenario, policy, span and the figures of each seed. The first day has no history and has its own row."""
    rows = []
    for scenario, policies in group(results).items():
        for policy, found in policies.items():
            others = [each.others for each in found if each.others]
            if len(others) < len(found):
                rows.append((scenario, policy, WHOLE, [each.whole for each in found]))
                continue
            rows.append((scenario, policy, FIRST, [each.first for each in found]))
            rows.append((scenario, policy, OTHERS, others))
            for pool in found[0].pools:
                rows.append((scenario, policy, f"pool {pool}", [each.pools[pool] for each in found]))
    return rows


def print_table(results: Sequence[CaseResult], note: str) -> None:
    """Print one row for each scenario, policy and span."""
    table = Table(title="Simulation", caption=note)
    for column in ("scenario", "policy", "span"):
        table.add_column(column, no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="right")
    before = ("", "")
    for scenario, policy, span, figures in list_rows(results):
        if before[0] and scenario != before[0]:
            table.add_section()
        shown = ("" if scenario == before[0] else scenario, "" if (scenario, policy) == before else policy)
        table.add_row(
            *shown, span, *(format_spread([read(each) for each in figures], form) for read, form in COLUMNS.values())
        )
        before = (scenario, policy)
    Console(width=None if Console().is_terminal else WIDTH, highlight=False).print(table)


def format_spread(values: Sequence[float], form: str) -> str:
    """The mean, and the standard deviation over the seeds where it shows."""
    shown = format(mean(values), form)
    spread = format(stdev(values), form) if len(values) > 1 else ""
    return f"{shown} ± {spread}" if spread.strip("0.") else shown
