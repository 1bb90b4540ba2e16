"""The page that shows a simulation: goals, table and plots."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count
from pathlib import Path

from simulation.reports.entries import Entry
from simulation.reports.plots import draw_comparison, draw_series
from simulation.reports.summary import ON_DEMAND, SPOT_ENTRY
from simulation.reports.table import COLUMNS, format_spread, group, list_rows
from simulation.scenarios import CaseResult

STYLE = """
:root { color-scheme: light; --ink: #22303f; --soft: #5d6b7b; --line: #dfe4ea; --good: #2d7a4b; --bad: #b5413b; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #f6f7f9; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 48px 0 12px; }
h3 { font-size: 14px; font-weight: 600; color: var(--soft); margin: 20px 0 8px; }
p { color: var(--soft); margin: 0 0 16px; max-width: 80ch; }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 20px 0 0; font-size: 14px; } a { color: #2f6fb0; }
.goals { display: grid; grid-template-columns: repeat(auto-fill, minmax(255px, 1fr)); gap: 12px; }
.goal { background: #fff; border: 1px solid var(--line); border-left: 4px solid #aab4c0; padding: 10px 14px; }
.goal.met { border-left-color: var(--good); } .goal.missed { border-left-color: var(--bad); }
.goal b { display: block; font-size: 23px; } .goal span { color: var(--soft); font-size: 13px; }
.met i { color: var(--good); } .missed i { color: var(--bad); } i { font-style: normal; font-weight: 600; }
.wide { overflow-x: auto; background: #fff; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: 13px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: normal; vertical-align: bottom; background: #eef1f5; }
.names1 :is(th, td):nth-child(-n+1), .names2 :is(th, td):nth-child(-n+2) { text-align: left; }
tr.fleet td { background: #eef5fc; font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(540px, 1fr)); gap: 12px; margin-top: 12px; }
figure { margin: 0; background: #fff; border: 1px solid var(--line); padding: 10px; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
@media (max-width: 620px) { .plots { grid-template-columns: 1fr; } }
"""
COMPARED_FROM = 4  # policies
SPOT_TITLE = "Recorded spot"
SPOT_COLUMNS: Mapping[str, tuple[str, str]] = {
    "share of time with spot": ("share of time with spot in any zone", ".0%"),
    "share of GPU time on spot": ("share of GPU time on spot", ".0%"),
    "least cost that its room allows": ("least cost", ".2f"),
    "cost": ("cost", ".2f"),
    "cost of SkyServe": ("cost of SkyServe", ".2f"),
    "points within 60 s lost": ("points lost", ".2f"),
    "points lost by SkyServe": ("points lost by SkyServe", ".2f"),
    "interruptions": ("interruptions", ".0f"),
}


def write_page(results: Sequence[CaseResult], entries: Sequence[Entry], folder: Path, note: str) -> Path:
    """Write plots and the page into a folder; returns the page's path."""
    sections = list(_list_sections(results))
    names: set[str] = set()  # of the plots' files
    body = "\n".join(
        [
            "<h1>Simulation of the GPU fleet</h1>",
            f"<p>Each row is a policy on the same demand and supply: {escape(note)}. Cost is the GPU time that is paid "
            "over the GPU time of the images. The first day has no history.</p>",
            '<div class="goals">',
            *(_format_goal(entry) for entry in sorted(entries, key=lambda entry: entry.goal is None)),
            "</div>",
            "<nav>",
            *(f'<a href="#{_name_place(title)}">{escape(title)}</a>' for title, _ in sections),
            "</nav>",
            *(
                line
                for title, found in sections
                for line in _format_section(title, found, entries if title == SPOT_TITLE else (), folder, names)
            ),
        ]
    )
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Simulation of the GPU fleet</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
    return page


def _list_sections(results: Sequence[CaseResult]) -> Iterator[tuple[str, list[CaseResult]]]:
    """The results of each scenario. Those on recorded spot, and those without spot, are one section."""
    titles: dict[str, list[CaseResult]] = {}
    for result in results:
        is_spot = result.case.spot or result.case.policy == ON_DEMAND
        title = SPOT_TITLE if is_spot else result.case.scenario[:1].upper() + result.case.scenario[1:]
        titles.setdefault(title, []).append(result)
    yield from titles.items()


def _format_section(
    title: str, results: Sequence[CaseResult], entries: Sequence[Entry], folder: Path, names: set[str]
) -> Iterator[str]:
    yield f'<h2 id="{_name_place(title)}">{escape(title)}</h2>'
    yield from map(_format_recordings, (entry for entry in entries if entry.name == SPOT_ENTRY))
    yield _format_table(results)
    yield '<div class="plots">'
    for name, alt in _draw(results, folder, names):
        yield f'<figure><img src="{escape(name)}" alt="{escape(alt)}" loading="lazy"></figure>'
    yield "</div>"


def _draw(results: Sequence[CaseResult], folder: Path, names: set[str]) -> Iterator[tuple[str, str]]:
    """Draw every plot into the folder. Yields the name of its file, which is none of `names`, and its title."""
    for scenario, policies in group(results).items():
        if len(policies) >= COMPARED_FROM:
            name = _name_file(scenario, names)
            draw_comparison(results, scenario, folder / name)
            yield name, f"{scenario}: cost and waits of each policy"
    for result in results:
        if result.series:
            title = f"{result.case.policy}: {result.case.scenario}, seed {result.case.seed}"
            name = _name_file(f"{result.case.scenario} {result.case.policy}", names)
            draw_series(result.series, title, folder / name)
            yield name, title


def _name_place(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _name_file(title: str, names: set[str]) -> str:
    """A name for a file that is not one of `names`, which it joins."""
    stem = _name_place(title)
    name = next(each for number in count(1) if (each := f"{stem}{f'-{number}' * (number > 1)}.png") not in names)
    names.add(name)
    return name


def _format_goal(entry: Entry) -> str:
    kind = {True: "met", False: "missed", None: ""}[entry.meets_goal]
    goal = "no goal" if entry.goal is None else f"goal {'≤' if entry.better == 'lower' else '≥'} "
    goal += "" if entry.goal is None else _format_value(entry.goal, entry.unit, "g")
    verdict = f", <i>{kind}</i>" if kind else ""
    name = re.sub(r"_(\d+)s_", r", cold start \1 s: ", entry.name, count=1).replace("_", " ")
    name = name[:1].upper() + name[1:]
    value = _format_value(entry.value, entry.unit)
    return f'<div class="goal {kind}">{escape(name)}<b>{value}</b><span>{goal}{verdict}</span></div>'


def _format_value(value: float, unit: str, form: str = "") -> str:
    match unit:
        case "share":
            return f"{100 * value:{form or '.2f'}} %"
        case "percentage points":
            return f"{value:{form or '.2f'}} points"
    return f"{value:{form or '.3f'}}"


def _format_recordings(entry: Entry) -> str:
    """The table of the recordings: what their spot allows, and what each policy makes of it."""
    rows = [
        "".join(
            f"<td>{figures[key]:{form}}</td>" if key in figures else "<td></td>" for key, form in SPOT_COLUMNS.values()
        )
        for figures in entry.beside.values()
        if "least cost" in figures
    ]
    names = [name for name, figures in entry.beside.items() if "least cost" in figures]
    head = "".join(f"<th>{escape(name)}</th>" for name in ("recording", *SPOT_COLUMNS))
    body = "".join(f"<tr><td>{escape(name)}</td>{row}</tr>" for name, row in zip(names, rows, strict=True))
    text = (
        "<p>Costs are in dollars over the cost of the same days on demand. No policy costs less than the room of a "
        "recording allows: that is the cost if spot did at each moment all the work for which it has room.</p>"
    )
    table = f'<table class="names1"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'{text}<div class="wide">{table}</div><h3>Figures</h3>'


def _format_table(results: Sequence[CaseResult]) -> str:
    several = len(group(results)) > 1
    names = ("scenario", "policy", "span")[0 if several else 1 :]
    head = "".join(f"<th>{escape(name)}</th>" for name in (*names, *COLUMNS))
    rows, before = [], ("", "")
    for scenario, policy, span, figures in list_rows(results):
        values = [format_spread([read(each) for each in figures], form) for read, form in COLUMNS.values()]
        shown = (
            *(("" if scenario == before[0] else scenario,) if several else ()),
            "" if (scenario, policy) == before else policy,
            span,
        )
        cells = "".join(f"<td>{escape(value)}</td>" for value in (*shown, *values))
        rows.append(f'<tr class="{"fleet" if policy == "fleet" else ""}">{cells}</tr>')
        before = (scenario, policy)
    return (
        f'<div class="wide"><table class="names2"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
