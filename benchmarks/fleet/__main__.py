"""The fleet in the local cloud: `campaign` writes build/fleet-campaign.json, `step` build/fleet-step.json and .png."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.entries import Entry
from benchmarks.fleet import campaign, plot, step

CAMPAIGN, STEP = Path("build/fleet-campaign.json"), Path("build/fleet-step.json")
VERDICTS = {True: "met", False: "missed", None: "-"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    faults = commands.add_parser("campaign", help="kill, stop and interrupt real workers under load")
    faults.add_argument("--share", type=float, default=1.0, help="share of the faults (default: %(default)s)")
    faults.add_argument(
        "--limit-s", type=float, default=7200, help="most seconds for the faults (default: %(default)s)"
    )
    faults.add_argument("--seed", type=int, default=1, help="seed of the choice of faults (default: %(default)s)")
    faults.set_defaults(run=run_campaign)
    commands.add_parser("step", help="raise the demand tenfold for a while").set_defaults(run=run_step)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


def run_campaign(arguments: argparse.Namespace) -> int:
    plan = campaign.WHOLE
    kinds = {kind: max(1, round(number * arguments.share)) for kind, number in plan.faults.items()}
    plan = replace(plan, faults=kinds, limit_s=arguments.limit_s, seed=arguments.seed)
    # A function of the cloud that is ending can still write into the folder.
    with tempfile.TemporaryDirectory(prefix="craftspark-campaign-", ignore_cleanup_errors=True) as folder:
        entries = campaign.judge(campaign.run(plan, Path(folder)))
    return write(entries, CAMPAIGN)


def run_step(arguments: argparse.Namespace) -> int:
    course = step.run(step.TENFOLD)
    STEP.parent.mkdir(exist_ok=True)
    STEP.write_text(json.dumps({"summary": course.summary()} | asdict(course), indent=2) + "\n")
    plot.draw(course, STEP.with_suffix(".png"))
    print(json.dumps(course.summary(), indent=2))
    return 0


def write(entries: Sequence[Entry], path: Path) -> int:
    """Write the figures and print them. Returns 1 if a goal is missed."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(entry) for entry in entries], indent=2) + "\n")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    table = Table(title=str(path), title_justify="left")
    for column in ("figure", "value", "unit", "goal", "", "also"):
        table.add_column(column)
    for entry in entries:
        also = ", ".join(f"{name}: {value}" for name, value in entry.beside.items())
        goal = "" if entry.goal is None else f"{entry.goal:g}"
        table.add_row(entry.name, f"{entry.value:g}", entry.unit, goal, VERDICTS[entry.meets_goal], also)
    console.print(table)
    return int(any(entry.meets_goal is False for entry in entries))


if __name__ == "__main__":
    sys.exit(main())
