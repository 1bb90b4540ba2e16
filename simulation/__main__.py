"""`python -m simulation`: simulate the fleet under several policies. docs/simulation.md describes files and figures."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from craftspark.fleet.observations import Limits
from simulation.plan import FIRST_SEED, Options, plan_everything, plan_files
from simulation.policies.fleet import UNLIMITED
from simulation.policies.registry import POLICIES
from simulation.recorded import RecordingInvalid
from simulation.reports.page import write_page
from simulation.reports.summary import build_summary, list_figures
from simulation.reports.table import print_table
from simulation.scenarios import Case, CaseResult, run
from simulation.supply import Prices

OUT = Path("build/simulation")
FLEET_ONLY = "cap of the fleet's policy, as its budget of --dollars-per-hour"


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print the table and write the files. Returns the exit status."""
    asked = _parse(arguments)
    options = Options(
        seeds=asked.seeds,
        first_seed=asked.first_seed,
        days=asked.days,
        cold_start_s=asked.cold_start,
        policies=tuple(asked.policies),
        times=asked.times,
        jitter_s=asked.jitter,
        spot_tasks=asked.spot_tasks,
        prices=Prices(spot=asked.spot_price, on_demand=asked.on_demand_price),
        limits=Limits(dollars_per_hour=asked.dollars_per_hour, max_tasks=asked.max_tasks),
    )
    try:
        if asked.all:
            cases = plan_everything(options, asked.recordings or find_recordings())
        else:
            cases = plan_files(options, asked.requests, asked.spot)
        results = list(_simulate(cases, asked.processes))
    except RecordingInvalid as invalid:
        print(invalid, file=sys.stderr)
        return 2
    prices = options.prices
    note = (
        f"mean ± standard deviation over seeds from {options.first_seed} on; dollars per hour: "
        f"spot {prices.spot:g}, on demand {prices.on_demand:g}"
    )
    print_table(results, note)
    try:
        _write(asked, results, note)
    except OSError as failure:
        print(f"{failure.filename}: {failure.strerror}", file=sys.stderr)
        return 2
    return 0


def find_recordings() -> Path | None:
    """A folder `traces` in a folder next to the project."""
    return next((folder for folder in sorted(Path("..").glob("*/traces")) if folder.is_dir()), None)


def _simulate(cases: Sequence[Case], processes: int) -> Iterator[CaseResult]:
    """The result of each case, in order. Says on a terminal how far it is."""
    with ProcessPoolExecutor(processes) as pool:
        for done, result in enumerate(pool.map(run, cases), 1):
            if sys.stderr.isatty():
                print(f"\r{done} of {len(cases)} simulations ", end="", file=sys.stderr, flush=True)
            yield result


def _write(asked: Namespace, results: Sequence[CaseResult], note: str) -> None:
    entries = [asdict(entry) for entry in build_summary(results)]
    if asked.json:
        content = {"note": note, "entries": entries, "figures": list_figures(results)}
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(content, indent=2) + "\n")
    if asked.all or not asked.json:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "summary.json").write_text(json.dumps(entries, indent=2) + "\n")
        print(write_page(results, build_summary(results), asked.out, note))


def _parse(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m simulation", description="Simulate the GPU fleet under several policies.")
    add = parser.add_argument
    add("--all", action="store_true", help="every scenario of `make simulate`")
    add("--requests", type=Path, metavar="FILE", help="recorded requests (CSV) instead of synthetic days")
    add("--times", type=_between(int, 1, 10_000), default=1, help="how often each recorded request comes")
    add("--jitter", type=_between(float, 0, 3600), default=60.0, metavar="S", help="seconds by which copies move")
    add("--spot", type=Path, metavar="FILE", help="recorded spot availability (JSON) instead of ample spot")
    add("--spot-tasks", type=_between(int, 1, 100_000), metavar="N", help="tasks in a zone with all its nodes up")
    add("--recordings", type=Path, metavar="FOLDER", help="recordings for --all")
    add("--seeds", type=_between(int, 1, 100), default=8)
    add("--first-seed", type=_between(int, 0, 1_000_000), default=FIRST_SEED)
    add("--days", type=_between(int, 1, 28), default=2, help="synthetic days; the first one has no history")
    add("--cold-start", type=_between(float, 1, 3600), default=120.0, metavar="S")
    add("--policies", nargs="+", choices=list(POLICIES), default=[], metavar="NAME", help=", ".join(POLICIES))
    add("--spot-price", type=_between(float, 0, 1000), default=Prices.spot, metavar="DOLLARS", help="per hour")
    add("--on-demand-price", type=_between(float, 0, 1000), default=Prices.on_demand, metavar="DOLLARS")
    add("--processes", type=_between(int, 1, 256), default=2, metavar="N", help="simulations at the same time")
    add("--dollars-per-hour", type=_between(float, 0, 1e6), default=UNLIMITED.dollars_per_hour, metavar="DOLLARS")
    add("--max-tasks", type=_between(int, 0, 1_000_000), default=UNLIMITED.max_tasks, metavar="N", help=FLEET_ONLY)
    add("--json", type=Path, metavar="OUT", help="write all figures to this file, and no page")
    add("--out", type=Path, default=OUT, metavar="FOLDER", help="where summary, plots and page go")
    return parser.parse_args(arguments)


def _between(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ArgumentTypeError(f"expected {least:g} to {most:g}, not {text!r}")
        return value

    return convert


if __name__ == "__main__":
    sys.exit(main())
