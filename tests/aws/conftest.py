"""Tables, queues and buckets as the templates make them, on moto."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import boto3
import pytest
from moto import mock_aws

from craftspark.accounts.plans import PLANS, Plan
from craftspark.aws import clients
from craftspark.aws.gallery.reports_table import OPEN, PRIORITY
from craftspark.aws.items import OUTLINE_ATTRIBUTES, Item
from craftspark.jobs.backlog import WORK_ATTRIBUTES
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.settings.accounts import AccountSettings, DirectorySettings
from craftspark.settings.gallery import FillingSettings, PublishSettings
from craftspark.settings.jobs import ReadSettings, SubmitSettings
from craftspark.settings.notifications import LiveSettings, WebhookSettings
from craftspark.settings.uploads import GuardrailSettings, UploadSettings
from craftspark.tools import serve_tools
from lambdas.wiring import live, pictures, webhooks
from tests.aws.gallery.vectors import INDEX_ARNS, FakeVectors
from tests.aws.moto_patches import (  # noqa: F401 - pytest finds fixtures here
    fast_attributes,
    one_call_at_a_time,
    one_signing_key,
    snapshots_share_items,
)

JOBS, ACCOUNTS, IMAGES, UPLOADS = "jobs", "accounts", "images", "uploads"
TRAININGS, STYLES, UPLOAD_RECORDS = "trainings", "styles", "upload-records"
GALLERY, GALLERY_RECORDS = "gallery", "gallery-records"


CLIENTS = (
    clients.dynamodb,
    clients.sqs,
    clients.s3,
    clients.stepfunctions,
    clients.eventbridge,
    clients.cognito,
    clients.s3vectors,
)


@cache
def client_of(service: str) -> Any:
    """A client of the tests. Building one reads megabytes of JSON."""
    return boto3.client(service)  # type: ignore[call-overload]


@pytest.fixture(scope="package", autouse=True)
def clients_of_this_folder() -> Iterator[None]:
    """All tests of this folder share the clients. Each test has its own tables and buckets."""
    for make in (*CLIENTS, client_of):
        make.cache_clear()
    yield
    for make in (*CLIENTS, client_of):
        make.cache_clear()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


def put_jobs(items: Iterable[Item]) -> None:
    """Put many items into the table of jobs, as many with a call as DynamoDB takes."""
    left = iter(items)
    while batch := list(islice(left, 25)):
        clients.dynamodb().batch_write_item(RequestItems={JOBS: [{"PutRequest": {"Item": item}} for item in batch]})


TOOLS = serve_tools(find_model("craftspark-clipart-128"))
UPSCALER = BUILT_IN_NETWORKS.enlarge
POOLS = ServingPools(
    networks=BUILT_IN_NETWORKS,
    pools=(
        ServingPool(
            name="draw",
            tools={tool: model for tool, model in TOOLS.items() if model != UPSCALER},
            device="cpu",
            min_tasks=2,
            launch_s=12,
        ),
        ServingPool(
            name="enlarge",
            tools={tool: model for tool, model in TOOLS.items() if model == UPSCALER},
            device="cpu",
            min_tasks=0,
            launch_s=12,
        ),
    ),
)
SMALL = Plan(
    name="small",
    title="Small",
    monthly_credits=10,
    max_active_jobs=3,
    submissions_per_minute=1000,
    largest_count=8,
)


@pytest.fixture(autouse=True)
def small_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLANS, SMALL.name, SMALL)


@pytest.fixture
def tables(aws: None) -> None:
    dynamodb = client_of("dynamodb")
    names = ("job_id", "item", "maker", "created", "unfinished", "backlog")
    dynamodb.create_table(
        TableName=JOBS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("job_id", "item"),
        AttributeDefinitions=[
            {"AttributeName": "deadline", "AttributeType": "N"},
            *[attribute(name) for name in names],
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_maker",
                "KeySchema": key("maker", "created"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(OUTLINE_ATTRIBUTES)},
            },
            {
                "IndexName": "unfinished",
                "KeySchema": key("unfinished", "deadline"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "backlog",
                "KeySchema": key("backlog", "job_id"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(WORK_ATTRIBUTES)},
            },
        ],
    )
    dynamodb.create_table(
        TableName=ACCOUNTS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("maker", "item"),
        AttributeDefinitions=[attribute(name) for name in ("maker", "item", "at", "trail")],
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": key(*keys), "Projection": {"ProjectionType": "ALL"}}
            for name, keys in (("ledger", ("maker", "at")), ("trails", ("trail", "item")))
        ],
    )
    for table, partition in ((TRAININGS, "training_id"), (STYLES, "style")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=key(partition, "item"),
            AttributeDefinitions=[attribute(partition), attribute("item")],
        )


def attribute(name: str) -> Any:
    return {"AttributeName": name, "AttributeType": "S"}


def key(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


@pytest.fixture
def images_bucket(aws: None) -> str:
    client_of("s3").create_bucket(Bucket=IMAGES)
    return IMAGES


@pytest.fixture
def uploads_bucket(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    client_of("s3").create_bucket(Bucket=UPLOADS)
    client_of("dynamodb").create_table(
        TableName=UPLOAD_RECORDS,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key("maker", "item"),
        AttributeDefinitions=[attribute(name) for name in ("maker", "item", "created")],
        GlobalSecondaryIndexes=[
            {"IndexName": "newest", "KeySchema": key("maker", "created"), "Projection": {"ProjectionType": "ALL"}}
        ],
    )
    settings = UploadSettings(
        uploads_table=UPLOAD_RECORDS, uploads_bucket=UPLOADS, uploads_kept_days=7, url_lifetime_s=60
    )
    unguarded = GuardrailSettings(guardrail_id="", guardrail_version="", moderation_fallback="refuse")
    for name, value in {**settings.to_environment(), **unguarded.to_environment()}.items():
        monkeypatch.setenv(name, value)
    pictures.moderation.cache_clear()
    return UPLOADS


@pytest.fixture
def intake_queue(aws: None) -> str:
    return str(client_of("sqs").create_queue(QueueName="intake")["QueueUrl"])


@pytest.fixture
def submit_settings(
    tables: None, intake_queue: str, uploads_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> SubmitSettings:
    settings = SubmitSettings(
        jobs_table=JOBS,
        accounts_table=ACCOUNTS,
        styles_table=STYLES,
        intake_queue_url=intake_queue,
        pools=POOLS.to_text(),
        dispatch_ms=1000,
        batch_s=600,
        moderator="none",
        moderation_fallback="refuse",
        guardrail_id="",
        guardrail_version="",
        uploads_table=UPLOAD_RECORDS,
        gallery_table=GALLERY_RECORDS,
        default_plan=SMALL.name,
        job_deadline_s=3600,
        job_retention_days=30,
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def read_settings(images_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ReadSettings(jobs_table=JOBS, images_bucket=images_bucket, url_lifetime_s=60)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def gallery_settings(read_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client_of("s3").create_bucket(Bucket=GALLERY)
    client_of("dynamodb").create_table(
        TableName=GALLERY_RECORDS,
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        KeySchema=key("key", "item"),
        AttributeDefinitions=[
            *(attribute("key"), attribute("item"), attribute(OPEN)),
            {"AttributeName": PRIORITY, "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {"IndexName": OPEN, "KeySchema": key(OPEN, PRIORITY), "Projection": {"ProjectionType": "ALL"}}
        ],
    )
    settings = PublishSettings(
        gallery_table=GALLERY_RECORDS,
        gallery_bucket=GALLERY,
        site_url="https://site.example",
        url_lifetime_s=60,
        jobs_table=JOBS,
        images_bucket=IMAGES,
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def vectors(gallery_settings: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeVectors]:
    """The indexes for the search in the gallery, and the queue of the indexing."""
    url = str(client_of("sqs").create_queue(QueueName="picture-changes")["QueueUrl"])
    settings = FillingSettings(
        gallery_table=GALLERY_RECORDS, vector_index_arns=" ".join(INDEX_ARNS), index_queue_url=url
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    fake = FakeVectors()
    yield fake
    fake.close()


@pytest.fixture
def user_pool(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    pool = client_of("cognito-idp").create_user_pool(PoolName="makers", UsernameAttributes=["email"])
    pool_id = pool["UserPool"]["Id"]
    for name, value in DirectorySettings(user_pool_id=pool_id).to_environment().items():
        monkeypatch.setenv(name, value)
    return str(pool_id)


@pytest.fixture
def all_settings(
    submit_settings: SubmitSettings, vectors: FakeVectors, user_pool: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The settings and tables of every function of the HTTP API."""
    dynamodb = client_of("dynamodb")
    for table, partition in (("webhooks", "maker"), ("connections", "owner")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=key(partition, "item"),
            AttributeDefinitions=[attribute(partition), attribute("item")],
        )
    made = (
        AccountSettings(accounts_table=ACCOUNTS, default_plan=SMALL.name),
        WebhookSettings(webhooks_table="webhooks"),
        LiveSettings(connections_table="connections", live_url="wss://live.example"),
    )
    for settings in made:
        for name, value in settings.to_environment().items():
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(webhooks, "resolve", lambda host: ["93.184.216.34"])
    caches = (webhooks.table, webhooks.webhooks, webhooks.queue, live.table, live.live)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()
