"""What the controller observes: the work of each pool, and its tasks."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from craftspark.aws import clients
from craftspark.aws.fleet.arrivals import SHARDS, ArrivalCounters
from craftspark.aws.fleet.readings import FleetReadings
from craftspark.aws.fleet.ready_tasks import ReadyTasks
from craftspark.aws.fleet.services import LOADS_WITHIN_S, FleetServices
from craftspark.aws.fleet.taken_batches import TakenBatches
from craftspark.aws.fleet.work import PoolWork, WorkIndex
from craftspark.aws.items import BACKLOG_SHARDS, number
from craftspark.aws.jobs.speed import SpeedTable
from craftspark.aws.retries import TRIES
from craftspark.fleet.controller.readings import PoolReading
from craftspark.fleet.decisions import Fault
from craftspark.jobs.job import JobState
from tests.aws.conftest import JOBS, put_jobs
from tests.aws.fleet.conftest import CLUSTER, DRAW, waiting_item, waits
from tests.fakes import a_job


def test_a_call_that_fails_for_one_pool_leaves_the_others_readable(services: FleetServices) -> None:
    broken = replace(DRAW, name="broken")

    class Work(WorkIndex):
        def read(self, pool: str, at: float) -> PoolWork:
            if pool == broken.name:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "Query")
            return super().read(pool, at)

    readings = FleetReadings(
        work=Work(client=clients.dynamodb(), jobs_table=JOBS), services=replace(services, pools=(broken, DRAW))
    ).read(time.time())

    assert isinstance(readings["draw"], PoolReading)
    fault = readings["broken"]
    assert isinstance(fault, Fault)
    assert fault.field == "pools.broken"
    assert "ThrottlingException" in fault.detail


def test_work_is_what_is_left_at_the_pace_of_the_workers(tables: None) -> None:
    now = time.time()
    SpeedTable(client=clients.dynamodb(), jobs_table=JOBS, pool="draw", worker="w", launched=True).write(
        {"picture": 2.0}, 90.0, now
    )
    images = a_job().count
    waits("fresh", now=now)
    waits("late", age_s=40, now=now)
    waits("begun", age_s=50, now=now, state={"S": JobState.RUNNING}, images_stored=number(images - 1))
    waits("bulk", age_s=60, now=now, lane={"S": "bulk"})

    work = WorkIndex(client=clients.dynamodb(), jobs_table=JOBS).read("draw", now)
    lanes = work.measure_lanes(running=1, images_per_batch=4)

    left_s = 20.0 / images * 2
    interactive, bulk = lanes["interactive"], lanes["bulk"]
    assert (interactive.waiting_s, interactive.late_s) == (80.0, 40.0)
    assert interactive.in_progress_s == pytest.approx(left_s)
    assert interactive.oldest_s == pytest.approx(40, abs=0.01)
    assert (bulk.waiting_s, bulk.late_s, bulk.in_progress_s) == (40.0, 40.0, 0.0)
    assert (work.pace, work.speed.launch_s) == (2.0, 90.0)


def test_a_task_has_one_batch_of_a_job_in_progress_and_the_others_wait(tables: None) -> None:
    now = time.time()
    waits("large", age_s=50, now=now, state={"S": JobState.RUNNING}, images=number(40))

    work = WorkIndex(client=clients.dynamodb(), jobs_table=JOBS).read("draw", now)

    lane = work.measure_lanes(running=1, images_per_batch=4)["interactive"]
    assert (lane.in_progress_s, lane.waiting_s, lane.late_s) == pytest.approx((2.0, 18.0, 18.0))


def test_a_large_backlog_is_a_sample_of_every_shard(tables: None) -> None:
    now = time.time()
    put_jobs(waiting_item(f"key-{key}", 40 if key % 2 else 0, now) for key in range(2000))
    calls: list[str] = []
    client = clients.dynamodb()
    client.meta.events.register("before-call.dynamodb.Query", lambda **_: calls.append("query"), unique_id="count")

    work = WorkIndex(client=client, jobs_table=JOBS).read("draw", now)

    client.meta.events.unregister("before-call.dynamodb.Query", unique_id="count")
    lane = work.measure_lanes(running=0, images_per_batch=4)["interactive"]
    assert len(calls) == BACKLOG_SHARDS + 1
    assert work.share < 1
    assert lane.waiting_s == pytest.approx(40_000, rel=0.15)
    assert lane.late_s == pytest.approx(20_000, rel=0.2)


def test_arrivals_are_counted_in_shards_and_summed_by_lane(tables: None) -> None:
    counters = ArrivalCounters(client=clients.dynamodb(), jobs_table=JOBS)
    for _ in range(4 * SHARDS):
        counters.add("draw", {"interactive": 1.25})
        counters.add("draw", {"bulk": 0.5})
    counters.add("enlarge", {"bulk": 9.0})

    read = WorkIndex(client=clients.dynamodb(), jobs_table=JOBS).read("draw", time.time()).counters

    assert read.work_s == {"interactive": 5.0 * SHARDS, "bulk": 2.0 * SHARDS}


def test_tasks_run_start_and_drain(services: FleetServices) -> None:
    """moto starts no tasks for a service, so the answers of ECS are written here."""
    at = time.time()

    def task(arn: str, status: str, group: str, age_s: float = 0.0, **more: str) -> dict[str, Any]:
        created_at = datetime.fromtimestamp(at - age_s, UTC)
        started = {"startedAt": created_at} if status == "RUNNING" else {}
        return (
            {"taskArn": f"{CLUSTER}/{arn}", "lastStatus": status, "group": group, "createdAt": created_at}
            | started
            | more
        )

    class Paginator:
        def paginate(self, cluster: str, family: str) -> list[dict[str, Any]]:
            assert (cluster, family) == (CLUSTER, "draw-worker")
            return [{"taskArns": ["a"]}, {"taskArns": []}]

    class Ecs:
        def __init__(self) -> None:
            self.described: list[list[str]] = []

        def get_paginator(self, name: str) -> Paginator:
            return Paginator()

        def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
            spot = "service:draw-spot"
            return {
                "tasks": [
                    task(
                        "spot-ready", "RUNNING", spot, 50.0, containerInstanceArn="i-1", availabilityZone="us-east-1a"
                    ),
                    task("spot-loading", "RUNNING", spot, 55.0),
                    task("spot-old", "RUNNING", spot, LOADS_WITHIN_S + 1),
                    task("spot-waiting", "PROVISIONING", spot, 70.0),
                    task("spot-placed", "PENDING", spot, 30.0),
                    task("launched-ready", "RUNNING", "family:draw-worker"),
                    task("launched-loading", "RUNNING", "family:draw-worker", 20.0),
                    task("launched-waiting", "PROVISIONING", "family:draw-worker", 40.0),
                ]
            }

        def describe_container_instances(self, cluster: str, containerInstances: list[str]) -> dict[str, Any]:  # noqa: N803
            self.described.append(containerInstances)
            attributes = [{"name": "ecs.instance-type", "value": "g5.xlarge"}]
            return {"containerInstances": [{"containerInstanceArn": "i-1", "attributes": attributes}]}

    ecs: Any = Ecs()
    read = replace(services, ecs=ecs)
    records = TakenBatches(client=clients.dynamodb(), jobs_table=JOBS)
    for ready in ("spot-ready", "launched-ready"):
        records.write(f"{CLUSTER}/{ready}", ())
    described = {
        "draw-spot": {"desiredCount": 5, "runningCount": 4},
        "draw-on-demand": {"desiredCount": 0, "runningCount": 0},
    }

    for _ in range(2):
        tasks = read.read_tasks(DRAW, described, at)

    # A task whose worker still loads its models starts, and one of those that run must stop.
    assert (tasks.spot.desired, tasks.spot.running, tasks.spot.draining) == (5, 2, 1)
    assert tasks.spot.start_ages_s == pytest.approx((55.0, 70.0, 30.0))
    assert (tasks.on_demand.desired, tasks.on_demand.running, tasks.on_demand.draining) == (0, 0, 0)
    assert tasks.launched == 1
    assert tasks.launch_ages_s == pytest.approx((0.0, 20.0, 40.0), abs=1e-3)
    assert tasks.spot_instances == {"us-east-1a#g5": 1}
    assert ecs.described == [["i-1"]]  # the type of an instance is read once


def test_tasks_that_take_work_are_looked_up_once_and_a_hundred_at_a_time(services: FleetServices) -> None:
    tasks = [f"{CLUSTER}/{number_:03}" for number_ in range(150)]
    records = TakenBatches(client=clients.dynamodb(), jobs_table=JOBS)
    for task in tasks[::2]:
        records.write(task, ())
    asked: list[int] = []
    clients.dynamodb().meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda params, **_: asked.append(len(params["RequestItems"][JOBS]["Keys"])),
        unique_id="count",
    )
    started = datetime.now(UTC)
    running = [{"taskArn": task, "lastStatus": "RUNNING", "startedAt": started} for task in tasks]

    found = [services._find_ready("draw", running, time.time()) for _ in range(2)]

    clients.dynamodb().meta.events.unregister("provide-client-params.dynamodb.BatchGetItem", unique_id="count")
    assert found == [{*tasks[::2]}] * 2
    assert asked == [100, 50, 75]


@pytest.mark.parametrize(("shy", "found"), [(2, {"task/a", "task/b"}), (9, set())])
def test_keys_that_the_table_leaves_out_are_asked_for_again(
    tables: None, monkeypatch: pytest.MonkeyPatch, shy: int, found: set[str]
) -> None:
    """A table that leaves out all keys so often, and then none."""
    client = clients.dynamodb()
    for task in ("task/a", "task/b"):
        TakenBatches(client=client, jobs_table=JOBS).write(task, [])
    read, calls = client.batch_get_item, 0

    def leave_out(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        nonlocal calls
        calls += 1
        if calls <= shy:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return read(RequestItems=RequestItems)

    monkeypatch.setattr(client, "batch_get_item", leave_out)

    assert ReadyTasks(client=client, jobs_table=JOBS).find(["task/a", "task/b", "task/c"]) == found
    assert calls <= TRIES
