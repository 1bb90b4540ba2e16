"""`python -m simulation`: simulate policies on synthetic days, and print a table."""

from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from statistics import mean, stdev

from rich.console import Console
from rich.table import Table

from simulation.days import build_days
from simulation.demand import DAY_S
from simulation.engine import simulate
from simulation.policies.registry import POLICIES
from simulation.results import Figures
from simulation.supply import ColdStart, Supply

PROCESSES = 2


def main() -> None:
    parser = ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--days", type=int, default=2, help="the first day has no history and has rows of its own")
    parser.add_argument("--cold-start", type=float, default=120.0, metavar="SECONDS")
    options = parser.parse_args()
    runs = [(name, seed, options.days, options.cold_start) for seed in range(1, options.seeds + 1) for name in POLICIES]
    with ProcessPoolExecutor(PROCESSES) as processes:
        results = dict(zip(runs, processes.map(simulate_days, *zip(*runs, strict=True)), strict=True))
    table = Table(title=f"Synthetic days, {options.seeds} seeds, cold start {options.cold_start:g} s")
    for column in ("policy", "days", "cost over pure work", "$ per 1,000 images", "p50", "p95", "p99", "within 60 s"):
        table.add_column(column)
    for name in POLICIES:
        spans = [figures for (policy, *_), figures in results.items() if policy == name]
        for index, label in enumerate(("the first", "the others")[: len(spans[0])]):
            table.add_row(name, label, *_format([each[index] for each in spans]))
    Console(width=140).print(table)


def simulate_days(policy: str, seed: int, days: int, cold_start_s: float) -> tuple[Figures, ...]:
    """The figures of the first day, and those of the other days together."""
    demand = build_days(seed, days=days)
    result = simulate(POLICIES[policy](demand), demand, Supply(cold_start=ColdStart.of(cold_start_s)), seed=seed)
    first = result.measure(0.0, DAY_S)
    return (first, result.measure(DAY_S)) if days > 1 else (first,)


def _format(figures: list[Figures]) -> list[str]:
    return [
        _spread([each.cost_ratio for each in figures], "{:.3f}"),
        _spread([each.dollars_per_1000 for each in figures], "{:.3f}"),
        _spread([each.p50 for each in figures], "{:.1f}"),
        _spread([each.p95 for each in figures], "{:.1f}"),
        _spread([each.p99 for each in figures], "{:.1f}"),
        _spread([100 * each.soon for each in figures], "{:.2f} %"),
    ]


def _spread(values: list[float], form: str) -> str:
    """The mean, and the standard deviation over the seeds."""
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{form.format(mean(values))} ± {form.format(spread)}"


if __name__ == "__main__":
    main()
