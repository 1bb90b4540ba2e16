"""Lost jobs are found in all shards without reading executions, and each is sent again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from craftspark.errors import JobNotFound
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.job import Job, JobState
from craftspark.jobs.lost_jobs import EVERY, LOST_AFTER, MAX_JOBS_PER_RUN, LostJobs
from tests.fakes import NOON, a_job

SHARDS = 8
DEADLINE = timedelta(hours=1)


@dataclass
class FakeUnstarted:
    """Jobs by shard, in memory. Counts the ids that were read."""

    jobs: dict[int, dict[str, Job]] = field(default_factory=lambda: {shard: {} for shard in range(SHARDS)})
    looked_at: int = 0

    def ids(self, shard: int, since: datetime, until: datetime) -> Iterator[str]:
        for job in sorted(self.jobs[shard].values(), key=lambda job: job.deadline):
            if since <= job.deadline < until:
                self.looked_at += 1
                yield job.job_id

    def read(self, job_id: str) -> Job:
        for shard in self.jobs.values():
            if job_id in shard:
                return shard[job_id]
        raise JobNotFound("gone")

    def mark_started(self, job_id: str) -> bool:
        shard = next((each for each in self.jobs.values() if job_id in each), {})
        return shard.pop(job_id, None) is not None


@dataclass
class FakeIntake:
    sent: list[str] = field(default_factory=list)

    def send(self, order: JobOrder) -> None:
        self.sent.append(order.job_id)


def lost_jobs(jobs: FakeUnstarted, intake: FakeIntake, now: datetime = NOON) -> LostJobs:
    return LostJobs(jobs=jobs, shards=SHARDS, intake=intake, deadline=DEADLINE, now=lambda: now)


def put(jobs: FakeUnstarted, job_id: str, age: timedelta, *, shard: int = 0, **changes: Any) -> None:
    created = NOON - age
    jobs.jobs[shard][job_id] = a_job(job_id=job_id, created_at=created, deadline=created + DEADLINE, **changes)


def run(jobs: FakeUnstarted, intake: FakeIntake, *, most: int = MAX_JOBS_PER_RUN, now: datetime = NOON) -> list[str]:
    """The jobs that a run handles."""
    each = lost_jobs(jobs, intake, now)
    handled = list(islice(each.find(), most))
    for job_id in handled:
        each.send(job_id)
    return handled


def test_only_jobs_old_enough_and_not_overdue_are_lost() -> None:
    jobs, intake = FakeUnstarted(), FakeIntake()
    put(jobs, "fresh", LOST_AFTER - timedelta(seconds=1))
    put(jobs, "lost", LOST_AFTER + timedelta(seconds=1))
    put(jobs, "overdue", DEADLINE + timedelta(seconds=1))

    run(jobs, intake)

    assert intake.sent == ["lost"]


def test_a_job_that_was_sent_is_not_sent_by_the_next_run() -> None:
    jobs, intake = FakeUnstarted(), FakeIntake()
    put(jobs, "lost", timedelta(minutes=5))

    run(jobs, intake)
    run(jobs, intake, now=NOON + EVERY)

    assert intake.sent == ["lost"]


def test_a_job_that_a_worker_has_is_marked_and_not_sent() -> None:
    jobs, intake = FakeUnstarted(), FakeIntake()
    put(jobs, "running", timedelta(minutes=5), state=JobState.RUNNING)

    assert run(jobs, intake) == ["running"]

    assert intake.sent == []
    assert run(jobs, intake) == []


def test_a_bounded_run_takes_jobs_from_every_shard_and_later_runs_the_rest() -> None:
    jobs, intake = FakeUnstarted(), FakeIntake()
    for shard in range(SHARDS):
        for number in range(1000 if shard == 0 else 20):
            put(jobs, f"{shard}-{number:04d}", timedelta(minutes=50) - timedelta(seconds=number), shard=shard)

    first = run(jobs, intake, most=80)
    looked_at = jobs.looked_at
    rounds = 1
    while run(jobs, intake, most=80, now=NOON + rounds * timedelta(seconds=1)):
        rounds += 1

    assert {job_id.partition("-")[0] for job_id in first} == {str(shard) for shard in range(SHARDS)}
    assert all(sum(job_id.startswith(f"{shard}-") for job_id in first) == 10 for shard in range(SHARDS))
    assert looked_at <= 80 + SHARDS  # the run reads only the jobs that it handles
    assert len(intake.sent) == len(set(intake.sent)) == 1000 + 7 * 20


def test_each_run_starts_at_a_different_shard() -> None:
    seen = set()
    for number in range(SHARDS):
        jobs, intake = FakeUnstarted(), FakeIntake()
        for shard in range(SHARDS):
            put(jobs, str(shard), timedelta(minutes=5), shard=shard)
        [first] = run(jobs, intake, most=1, now=NOON + number * EVERY)
        seen.add(first)

    assert seen == {str(shard) for shard in range(SHARDS)}
