"""How much the evaluation of permissions slows the local cloud."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.cloud.local_runs import QUICK_JOBS, WARM_UP_JOBS, run_cloud, run_jobs
from benchmarks.entries import Entry
from local_cloud.launcher import emulator_process
from local_cloud.launcher.environment import emulator_environment

PAIRS = 3
QUICK: dict[str, Any] = {"prompt": "a red apple", "count": 1, "steps": 1}


def measure() -> list[Entry]:
    """Jobs per second with a renderer that takes no time: with the evaluation over without it."""
    strict, forgiving = [], []
    for _ in range(PAIRS):
        strict.append(_measure_rate())
        with _without_evaluation():
            forgiving.append(_measure_rate())
    samples = [with_it / without for with_it, without in zip(strict, forgiving, strict=True)]
    entry = Entry(
        name="strict_overhead",
        value=round(median(samples), 4),
        goal=0.85,
        better="higher",
        unit="ratio",
        samples=[round(sample, 4) for sample in samples],
        beside={
            "strict_jobs_per_s": [round(rate, 2) for rate in strict],
            "forgiving_jobs_per_s": [round(rate, 2) for rate in forgiving],
            "jobs": QUICK_JOBS,
        },
    )
    return [entry]


def _measure_rate() -> float:
    """Jobs per second."""
    with run_cloud("benchmarks.cloud.null_worker") as (_, client):
        run_jobs(client, WARM_UP_JOBS, QUICK)
        return QUICK_JOBS / run_jobs(client, QUICK_JOBS, QUICK)


@contextmanager
def _without_evaluation() -> Iterator[None]:
    """Start emulators that evaluate nothing. No command of the local cloud can do this."""

    def forgiving(*arguments: Any, **options: Any) -> dict[str, str]:
        return emulator_environment(*arguments, **options) | {"AUTH": "false"}

    with patch.object(emulator_process, "emulator_environment", forgiving):
        yield
