"""Run measurements and report their figures."""

import argparse
import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.entries import Entry

OUT = Path("build/bench.json")
VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: "-"}

Measure = Callable[[], list[Entry]]


def run_measures(measures: Sequence[Measure], arguments: Sequence[str]) -> int:
    """Run the measurements of the modules that are named, or all. Returns 1 if one fails, after the others."""
    modules = list(dict.fromkeys(module_of(measure) for measure in measures))
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("modules", nargs="*", metavar="module", help=f"of {', '.join(modules)}; all by default")
    wanted = parser.parse_args(arguments).modules or modules
    if unknown := sorted(set(wanted) - set(modules)):
        parser.error(f"there is no module {', '.join(unknown)}; there are {', '.join(modules)}")
    entries: list[Entry] = []
    failed: list[str] = []
    for measure in measures:
        if module_of(measure) in wanted:
            try:
                entries += measure()
            except Exception:
                traceback.print_exc()
                failed.append(f"{module_of(measure)}.{measure.__name__}")
    _report(entries, failed)
    return 1 if failed else 0


def module_of(measure: Measure) -> str:
    """The name of its module; of its package if the module is named `measure`."""
    return measure.__module__.removesuffix(".measure").rpartition(".")[2]


def _report(entries: Sequence[Entry], failed: Sequence[str]) -> None:
    console = Console(highlight=False, width=None if Console().is_terminal else 140)
    table = Table(title="Benchmarks")
    for column in ("figure", "value", "goal", "", "compared with"):
        table.add_column(column)
    for entry in entries:
        goal = "-" if entry.goal is None else f"{'<=' if entry.better == 'lower' else '>='} {entry.goal:g}"
        beside = ", ".join(f"{name} {value}" for name, value in entry.beside.items())
        table.add_row(entry.name, f"{entry.value:g} {entry.unit}", goal, VERDICTS[entry.meets_goal], beside)
    for name in failed:
        table.add_row(name, "-", "-", "[red]failed[/]", "see its error above")
    console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(entry) for entry in entries], indent=2) + "\n")
