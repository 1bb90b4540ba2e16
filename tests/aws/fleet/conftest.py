"""A pool with its two services, and jobs that wait for it."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.fleet.ready_tasks import ReadyTasks
from craftspark.aws.fleet.services import FleetServices
from craftspark.aws.items import Item, job_item, number
from craftspark.fleet.controller.pools import ControlledPool, ControlledService
from craftspark.jobs.job import job_id_of
from tests.aws.conftest import JOBS, client_of, put_jobs
from tests.fakes import a_job

CLUSTER = "fleet"


DRAW = ControlledPool(
    name="draw",
    family="draw-worker",
    zones=("us-east-1a", "us-east-1b"),
    instance_families=("g6", "g5"),
    launch_s=100,
    images_per_batch=4,
    bulk_within_s=600,
    spot=ControlledService(service="draw-spot", parameter="/desired/spot", minimum=1, maximum=8, price=0.4),
    on_demand=ControlledService(service="draw-on-demand", parameter="/desired/on", minimum=0, maximum=4, price=0.8),
)


@pytest.fixture
def services(tables: None) -> FleetServices:
    """The pool's two services, with one desired spot task."""
    for make in (clients.ecs, clients.ssm):
        make.cache_clear()
    ecs, ssm = client_of("ecs"), client_of("ssm")
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(family="draw-worker", containerDefinitions=[{"name": "w", "image": "i", "memory": 1}])
    for service, desired in ((DRAW.spot, 1), (DRAW.on_demand, 0)):
        ecs.create_service(
            cluster=CLUSTER, serviceName=service.service, taskDefinition="draw-worker", desiredCount=desired
        )
        ssm.put_parameter(Name=service.parameter, Value=str(desired), Type="String")
    ready = ReadyTasks(client=clients.dynamodb(), jobs_table=JOBS)
    return FleetServices(ecs=clients.ecs(), ssm=clients.ssm(), cluster=CLUSTER, pools=(DRAW,), ready=ready)


def waits(key: str, *, age_s: float = 0.0, now: float | None = None, **changes: Any) -> None:
    """A job that waits, submitted `age_s` before `now`, which is the time of this call if it is not given."""
    put_jobs([waiting_item(key, age_s, time.time() if now is None else now) | changes])


def waiting_item(key: str, age_s: float, now: float) -> Item:
    created_at = datetime.fromtimestamp(now - age_s, UTC)
    job = a_job(job_id=job_id_of("maker-1", key), created_at=created_at, pool="draw")
    return job_item(job) | {"work_s": number(20.0)}
