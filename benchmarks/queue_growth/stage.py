"""A stage for the measurement: tables, queues and a bucket in an emulator, and jobs that wait in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from benchmarks.handlers.canned_aws import ON_DEMAND, SPOT
from benchmarks.handlers.controller import describe_job
from benchmarks.handlers.submit import POOLS, build_environment
from benchmarks.handlers.tables import create_accounts_table, create_connections_table, create_jobs_table
from craftspark.accounts.credits import Account, minute_of, month_of
from craftspark.aws.accounts.ledger import account_item
from craftspark.aws.items import job_item, text, unfinished_shard
from craftspark.fleet.controller.pools import ControlledPool, ControlledPools, ControlledService
from craftspark.jobs.batches import BatchMessage, batches_of
from craftspark.jobs.job import Job
from craftspark.models.catalogue import find_model
from craftspark.settings.fleet import ControlSettings
from craftspark.settings.jobs import ReadSettings
from craftspark.settings.notifications import PushSettings
from craftspark.settings.rendering import ResendSettings, SettleSettings, StartSettings
from craftspark.settings.tasks import WorkerSettings
from local_cloud.launcher.environment import ACCESS_KEY, SECRET_KEY
from tests.fakes import WORKER_SETTINGS

JOBS, ACCOUNTS, CONNECTIONS, IMAGES = "jobs", "accounts", "connections", "images"
[POOL] = POOLS.pools
MODEL = find_model("craftspark-clipart-128")
# The pool can always get the tasks that its work needs: a queue of any length is accepted.
MOST_TASKS, CENTS_PER_HOUR = 10_000, 1_000_000
WORK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The addresses of the queues."""

    intake_url: str
    interactive_url: str
    bulk_url: str

    @property
    def worker(self) -> WorkerSettings:
        return replace(
            WORKER_SETTINGS,
            pool=POOL.name,
            jobs_table=JOBS,
            images_bucket=IMAGES,
            interactive_queue_url=self.interactive_url,
            bulk_queue_url=self.bulk_url,
            tools="{}",
            device=POOL.device,
            profile_device=POOL.device,
            gpu_queue_visibility_s=60,
            stop_grace_s=60,
        )

    def build_environment(self, emulator: str, canned_port: int) -> dict[str, str]:
        """The environment of all functions and of the worker. Step Functions, ECS and parameters are canned."""
        canned = f"http://127.0.0.1:{canned_port}"
        settings = (
            StartSettings(
                jobs_table=JOBS, state_machine_arn="machine", intake_queue_url=self.intake_url, start_interval_ms=0
            ),
            SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table="styles"),
            ReadSettings(jobs_table=JOBS, images_bucket=IMAGES, url_lifetime_s=3600),
            PushSettings(connections_table=CONNECTIONS, images_bucket=IMAGES, url_lifetime_s=3600),
            ResendSettings(jobs_table=JOBS, intake_queue_url=self.intake_url, job_deadline_s=3600),
            ControlSettings(
                jobs_table=JOBS,
                cluster="cluster",
                controlled_pools=ControlledPools(pools=(controlled_pool(),)).to_text(),
                cents_per_hour=CENTS_PER_HOUR,
                max_tasks=MOST_TASKS,
            ),
        )
        environment = build_environment(canned_port)
        for each in settings:
            environment |= each.to_environment()
        return {
            **environment,
            "CRAFTSPARK_INTAKE_QUEUE_URL": self.intake_url,
            "CRAFTSPARK_DEFAULT_PLAN": "partner",
            "AWS_ENDPOINT_URL": emulator,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,  # the emulator knows no other caller
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            **{f"AWS_ENDPOINT_URL_{service}": canned for service in ("SFN", "ECS", "SSM")},
            "ECS_CONTAINER_METADATA_URI_V4": canned,
        }


def controlled_pool() -> ControlledPool:
    services = {
        name: ControlledService(service=name, parameter=f"/{name}", minimum=0, maximum=MOST_TASKS, price=price)
        for name, price in ((SPOT, 0.3), (ON_DEMAND, 0.8))
    }
    return ControlledPool(
        name=POOL.name,
        family=POOL.name,
        zones=("us-east-1a", "us-east-1b", "us-east-1c"),
        instance_families=("g4dn", "g5", "g6"),
        launch_s=POOL.launch_s,
        images_per_batch=MODEL.images_per_batch,
        bulk_within_s=1800,
        spot=services[SPOT],
        on_demand=services[ON_DEMAND],
    )


def create_stage(client: Any) -> Stage:
    """Create the tables, queues and the bucket. `client` makes a boto3 client of the emulator."""
    create_jobs_table(client("dynamodb"), JOBS)
    create_accounts_table(client("dynamodb"), ACCOUNTS)
    create_connections_table(client("dynamodb"), CONNECTIONS)
    client("s3").create_bucket(Bucket=IMAGES)
    intake, interactive, bulk = (
        str(client("sqs").create_queue(QueueName=name)["QueueUrl"]) for name in ("intake", "interactive", "bulk")
    )
    return Stage(intake_url=intake, interactive_url=interactive, bulk_url=bulk)


def fill(client: Any, stage: Stage, numbers: Sequence[int]) -> None:
    """Put waiting jobs of one image into the table and the pool's queue, as their submission and start leave them.

    Their maker has the credits reserved: the queue keeps no order, so the worker can take any of them.
    """
    now = datetime.now(UTC)
    jobs = [
        replace(describe_job(number, now), seeds=(number,), work_s=WORK_S, shared_s=0.0, pool=POOL.name)
        for number in numbers
    ]
    client("dynamodb").put_item(TableName=ACCOUNTS, Item=account_item(_describe_account(jobs, now)))
    for some in _in_batches(jobs, 25):
        client("dynamodb").batch_write_item(
            RequestItems={JOBS: [{"PutRequest": {"Item": _started_item(job)}} for job in some]}
        )
    for some in _in_batches(jobs, 10):
        client("sqs").send_message_batch(
            QueueUrl=stage.interactive_url,
            Entries=[{"Id": str(number), "MessageBody": describe_batch(job)} for number, job in enumerate(some)],
        )


def describe_batch(job: Job) -> str:
    """The message that the state machine sends for a job of one batch."""
    [batch] = batches_of(job, MODEL.images_per_batch)
    return BatchMessage(task_token=job.job_id, batch=batch).to_text()


def _describe_account(jobs: Sequence[Job], now: datetime) -> Account:
    """The account of the maker of these jobs, which are all in progress."""
    reserved = sum(job.price for job in jobs)
    return Account(
        maker=jobs[0].maker,
        plan="plus",
        granted=reserved,
        available=0,
        reserved=reserved,
        spent=0,
        expired=0,
        active_jobs=len(jobs),
        month=month_of(now),
        monthly=reserved,
        used=reserved,
        minute=minute_of(now),
        submissions=0,
    )


def _started_item(job: Job) -> dict[str, Any]:
    return {**job_item(job), "unfinished": text(unfinished_shard(job.job_id))}


def _in_batches(jobs: Sequence[Job], size: int) -> Iterator[list[Job]]:
    source = iter(jobs)
    while some := list(islice(source, size)):
        yield some
