"""The page that shows a simulation: goals, table and plots."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from simulation.reports.entries import Entry
from simulation.reports.plots import draw_comparison, draw_series
from simulation.reports.table import COLUMNS, format_spread, group, list_rows
from simulation.scenarios import CaseResult

STYLE = """
:root { color-scheme: light; --ink: #22303f; --soft: #5d6b7b; --line: #dfe4ea; --good: #2d7a4b; --bad: #b5413b; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #f6f7f9; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 12px; }
p { color: var(--soft); margin: 0 0 16px; max-width: 75ch; }
.goals { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 12px; }
.goal { background: #fff; border: 1px solid var(--line); border-left: 4px solid var(--soft); padding: 12px 14px; }
.goal.met { border-left-color: var(--good); } .goal.missed { border-left-color: var(--bad); }
.goal b { display: block; font-size: 22px; } .goal span { color: var(--soft); font-size: 13px; }
.wide { overflow-x: auto; background: #fff; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: 13px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: normal; vertical-align: bottom; background: #eef1f5; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
tr.fleet td { background: #eef5fc; font-weight: 600; } tr.section td { border-top: 2px solid #aab4c0; }
figure { margin: 0 0 20px; background: #fff; border: 1px solid var(--line); padding: 10px; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
"""
COMPARED_FROM = 4  # policies


def write_page(results: Sequence[CaseResult], entries: Sequence[Entry], folder: Path, note: str) -> Path:
    """Write plots and the page into a folder; returns the page's path."""
    pictures = list(_draw(results, folder))
    page = folder / "index.html"
    body = "\n".join(
        [
            "<h1>Simulation of the GPU fleet</h1>",
            f"<p>Each row is a policy on the same demand and supply: {escape(note)}. The first day has no history.</p>",
            '<div class="goals">',
            *map(_format_goal, entries),
            "</div>",
            "<h2>All figures</h2>",
            '<div class="wide">',
            _format_table(results),
            "</div>",
            "<h2>Plots</h2>",
            *(f'<figure><img src="{escape(name)}" alt="{escape(title)}"></figure>' for name, title in pictures),
        ]
    )
    page.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Simulation of the GPU fleet</title>'
        f"<style>{STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )
    return page


def _draw(results: Sequence[CaseResult], folder: Path) -> Iterator[tuple[str, str]]:
    for scenario, policies in group(results).items():
        if len(policies) >= COMPARED_FROM:
            name = f"{_name_file(scenario)}.png"
            draw_comparison(results, scenario, folder / name)
            yield name, f"{scenario}: cost and waits of each policy"
    for result in results:
        if result.series:
            title = f"{result.case.policy}: {result.case.scenario}, seed {result.case.seed}"
            name = f"{_name_file(f'{result.case.scenario} {result.case.policy}')}.png"
            draw_series(result.series, title, folder / name)
            yield name, title


def _name_file(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _format_goal(entry: Entry) -> str:
    kind = {True: "met", False: "missed", None: ""}[entry.meets_goal]
    goal = "no goal" if entry.goal is None else f"goal {'≤' if entry.better == 'lower' else '≥'} {entry.goal:g}"
    verdict = f", {kind}" if kind else ""
    name = entry.name.replace("_", " ")
    return f'<div class="goal {kind}">{escape(name)}<b>{entry.value:g}</b><span>{goal}{verdict}</span></div>'


def _format_table(results: Sequence[CaseResult]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in ("scenario", "policy", "span", *COLUMNS))
    rows, before = [], ""
    for scenario, policy, span, figures in list_rows(results):
        values = [format_spread([read(each) for each in figures], form) for read, form in COLUMNS.values()]
        cells = "".join(f"<td>{escape(value)}</td>" for value in (scenario, policy, span, *values))
        kinds = ["fleet"] * (policy == "fleet") + ["section"] * (scenario != before)
        rows.append(f'<tr class="{" ".join(kinds)}">{cells}</tr>')
        before = scenario
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
