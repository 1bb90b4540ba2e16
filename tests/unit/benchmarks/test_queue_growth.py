"""The measurement of `queue_growth_ratio`: a part that reads everything that waits misses the goal."""

from typing import Any

import pytest

from benchmarks.queue_growth.parts import Cost, Part, build_entry, measure_parts
from craftspark.aws.jobs import backlog
from craftspark.aws.jobs.backlog import BacklogIndex

READ_MS, SUBMISSION_MS, JOBS = 0.02, 3.0, 60
FEW, MANY = 1_000, 10_000


class Clock:
    """Counts the CPU time that items and jobs take."""

    def __init__(self) -> None:
        self.now = 0.0

    def spend(self, milliseconds: float) -> None:
        self.now += milliseconds / 1000

    def __call__(self) -> float:
        return self.now


class Table:
    """An index with waiting jobs in four shards of a pool, whose reader takes CPU time for each item."""

    def __init__(self, waiting: int, clock: Clock) -> None:
        self._shard, self._clock = waiting // 4, clock

    def query(self, *, Limit: int | None = None, **request: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if "IndexName" not in request:
            return {"Items": []}
        found = min(Limit or self._shard, self._shard)
        self._clock.spend(found * READ_MS)
        end = {"LastEvaluatedKey": {"job_id": {"S": "m" * 26}}} if found < self._shard else {}
        return {"Items": [ITEM] * found, **end}


ITEM = {
    **{name: {"S": "interactive"} for name in ("lane", "tool", "kind", "state")},
    **{name: {"N": "1"} for name in ("images", "images_stored", "work_s", "shared_s")},
}


def sample(waiting: int) -> Cost:
    """The submission of some jobs, the first of which reads the backlog."""
    clock = Clock()
    index = BacklogIndex(client=Table(waiting, clock), jobs_table="jobs", pool="draw")  # type: ignore[arg-type]

    def submit() -> int:
        index.read(max_age_s=0.0)
        clock.spend(JOBS * SUBMISSION_MS)
        return JOBS

    def aws() -> int:
        clock.spend(waiting)
        return JOBS

    return measure_parts([Part(name="submission", run=submit), Part(run=aws)], clock, lambda: 0.0)


def test_the_sampled_backlog_meets_the_goal() -> None:
    entry = build_entry([sample(FEW)], [sample(MANY)], waiting=(FEW, MANY))

    assert entry.meets_goal


def test_a_scan_of_all_waiting_jobs_misses_the_goal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "SAMPLE", MANY)

    entry = build_entry([sample(FEW)], [sample(MANY)], waiting=(FEW, MANY))

    assert not entry.meets_goal


def test_the_time_of_a_part_is_that_of_one_of_its_jobs() -> None:
    clock = Clock()
    cost = measure_parts([part(clock, "worker", 12.0, 3), part(clock, "", 100.0, 3)], clock, lambda: 2 * clock())

    assert cost.ours == {"worker": pytest.approx(4.0)}
    assert cost.emulator == pytest.approx(2 * 112.0 / 3)


def part(clock: Clock, name: str, milliseconds: float, jobs: int) -> Part:
    def run() -> int:
        clock.spend(milliseconds)
        return jobs

    return Part(name=name, run=run)


def test_the_entry_has_both_costs_of_each_part() -> None:
    few, many = (Cost(ours={"worker": ms, "controller": 1.0}, emulator=5.0) for ms in (3.0, 7.0))

    entry = build_entry([few], [many], waiting=(FEW, MANY))

    assert entry.value == 2.0
    assert entry.beside["worker_ms"] == [3.0, 7.0]
    assert entry.beside["controller_ms"] == [1.0, 1.0]


def test_the_entry_names_a_small_part_that_grows() -> None:
    few, many = (Cost(ours={"worker": 100.0, "controller": ms}, emulator=5.0) for ms in (1.0, 5.0))

    entry = build_entry([few], [many], waiting=(FEW, MANY))

    assert entry.meets_goal
    assert entry.beside["most_growth"] == "controller 5.00"
