"""What a decision of the fleet's controller reads, in DynamoDB's read units."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

from benchmarks.entries import Entry
from benchmarks.handlers.tables import create_jobs_table
from craftspark.aws.fleet.arrivals import ArrivalCounters
from craftspark.aws.fleet.record import RecordTable
from craftspark.aws.fleet.work import WorkIndex
from craftspark.aws.items import job_item
from craftspark.aws.jobs.speed import PLACES, SpeedTable
from craftspark.fleet.controller.readings import Counters
from craftspark.fleet.controller.run import Record
from craftspark.fleet.observations import FleetObservation, LaneWork, Limits, PoolObservation, Tasks
from craftspark.fleet.policy.decide import decide
from craftspark.jobs.backlog import WORK_ATTRIBUTES
from craftspark.jobs.job import Job, JobState, job_id_of

TABLE, POOL = "jobs", "draw"
WAITING = (100, 1_000, 10_000)
# A query pays half a unit per 4 KB of the entries that it reads, together. A consistent read pays a whole one.
UNIT_BYTES, EVENTUAL = 4096, 0.5
DAY_S, EVERY_S = 86_400, 20
DECISIONS_PER_MONTH = 30 * DAY_S // EVERY_S
DOLLARS_PER_MILLION = 0.125
# A quarter of what reading every job takes.
GOAL = 50
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a", "AWS_DEFAULT_REGION": "us-east-1"}


def measure() -> list[Entry]:
    """The read units of one decision for one pool at 10,000 waiting jobs, from the sizes of what its calls return.

    The calls are the controller's own, on moto. The record has the memory of a whole day.
    """
    units = {number: measure_units(number) for number in WAITING}
    most, everything = units[WAITING[-1]]
    beside: dict[str, Any] = {f"at_{number}_jobs": units[number][0] for number in WAITING[:-1]}
    return [
        Entry(
            name="controller_read_units",
            value=most,
            goal=GOAL,
            better="lower",
            unit="read units",
            beside={
                **beside,
                "reading_every_job": everything,
                "dollars_per_month": round(most * DECISIONS_PER_MONTH * DOLLARS_PER_MILLION / 1e6, 2),
            },
        )
    ]


def measure_units(waiting: int) -> tuple[float, float]:
    """The units of a decision with this number of waiting jobs, and those of reading every job instead."""
    with mock.patch.dict(os.environ, CREDENTIALS), mock_aws():
        client = boto3.client("dynamodb")
        create_jobs_table(client, TABLE)
        now = datetime.now(UTC)
        entries = fill(client, waiting, now)
        records, work = RecordTable(client=client, jobs_table=TABLE), WorkIndex(client=client, jobs_table=TABLE)
        write_a_day(client, records, now.timestamp())
        with count_units(client) as units:
            records.read()
            work.read(POOL, now.timestamp())
        return sum(units), ceil(entries / UNIT_BYTES) * EVENTUAL


def fill(client: Any, waiting: int, now: datetime) -> int:
    """Put this number of jobs of four images, and the reports of workers. Returns the size of the index's entries."""
    size = 0
    kept = ("job_id", "item", "backlog", *WORK_ATTRIBUTES)
    for number in range(waiting):
        item = job_item(describe_job(number, now))
        client.put_item(TableName=TABLE, Item=item)
        size += size_of({name: item[name] for name in kept})
    for place in range(2 * PLACES):
        report = SpeedTable(
            client=client, jobs_table=TABLE, pool=POOL, worker=chr(ord("A") + place), launched=place >= PLACES
        )
        report.write(dict.fromkeys(("picture", "pattern", "clipart", "variations", "outpaint"), 1.034), 93.4, 0.0)
    counters = ArrivalCounters(client=client, jobs_table=TABLE)
    for _ in range(64):
        counters.add(POOL, {"interactive": 12.345, "bulk": 67.891})
    return size


def describe_job(number: int, now: datetime) -> Job:
    return Job(
        job_id=job_id_of("maker", str(number)),
        maker="0b5cd9a2-8d43-4a3b-9d20-3f4ad01aa5b1",
        tool="picture",
        model="craftspark-clipart-128",
        pool=POOL,
        request={"prompt": "a red apple", "size": "128x128", "steps": 30},
        fingerprint="0123456789abcdef",
        lane="interactive",
        seeds=(1, 2, 3, 4),
        credits_per_image=1,
        state=JobState.QUEUED,
        created_at=now - timedelta(seconds=number % 600),
        deadline=now + timedelta(hours=1),
        expires_at=now + timedelta(days=30),
        kind="0123456789abcdef",
        work_s=12.345,
        shared_s=1.234,
    )


def write_a_day(client: Any, records: RecordTable, now: float) -> None:
    """Write the record of a pool that was busy for a day."""
    memory = Record().memory
    for step in range(DAY_S // EVERY_S):
        at = now - DAY_S + EVERY_S * step
        waiting_s = 900.0 * (step % 90) / 90
        decision = decide(
            FleetObservation(
                at=at,
                pools={
                    POOL: PoolObservation(
                        interactive=LaneWork(waiting_s=waiting_s, arrived_s=30.0 + step % 60),
                        bulk=LaneWork(),
                        spot=Tasks(running=10, desired=10, minimum=1, maximum=200, price=0.31),
                        on_demand=Tasks(maximum=100, price=0.8),
                        cold_start_s=180.0,
                    )
                },
            ),
            memory,
            Limits(dollars_per_hour=150.0, max_tasks=300),
        )
        memory = decision.memory
    counters = {POOL: Counters(work_s={"interactive": 1e6, "bulk": 1e6}, notices={"us-east-1a#g5": 3.0})}
    records.write(Record(version=1, memory=memory, counters=counters), decision, grants=0)


@contextmanager
def count_units(client: Any) -> Iterator[list[float]]:
    """The read units of each call, from the size of the items that it returns: none of them filters."""
    units: list[float] = []

    def count(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        if model.name == "Query":
            units.append(max(1, ceil(sum(map(size_of, parsed["Items"])) / UNIT_BYTES)) * EVENTUAL)
        else:
            units.append(max(1, ceil(size_of(parsed["Item"]) / UNIT_BYTES)))

    for call in ("Query", "GetItem"):
        client.meta.events.register(f"after-call.dynamodb.{call}", count)
    yield units


def size_of(item: Mapping[str, Any]) -> int:
    """The bytes that DynamoDB counts for an item: names and texts in UTF-8, and a byte for two digits of a number."""
    return sum(len(name) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return ceil(len(content.strip("-").replace(".", "")) / 2) + 1
    if kind == "L":
        return 3 + sum(1 + _size_of_value(each) for each in content)
    return 1
