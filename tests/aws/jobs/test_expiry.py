"""Expired items do not exist for any reader, although DynamoDB and S3 still have them: no test runs the TTL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.items import epoch
from craftspark.aws.jobs.unstarted import UnstartedJobs
from craftspark.aws.notifications.connections import ConnectionTable
from craftspark.aws.notifications.webhooks import WebhookTable
from craftspark.aws.pictures.upload_table import UploadTable
from craftspark.clock import utc_now
from craftspark.errors import JobNotFound, UploadNotFound
from craftspark.notifications.live import MAX_CONNECTION
from craftspark.notifications.webhooks import Delivery, Message, Webhook
from craftspark.settings.accounts import AccountSettings
from craftspark.settings.rendering import SettleSettings
from craftspark.uploads import Facts, Upload
from lambdas.sweep_overdue_jobs import handler as sweep
from tests.aws.api import Answer, Context, account, call, job_table, read, render_table, settle, store, submit
from tests.aws.conftest import ACCOUNTS, JOBS, SMALL, STYLES, UPLOAD_RECORDS, attribute, client_of, key

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings", "other_settings")
SCOPE = "craftspark/admin"


@pytest.fixture
def other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = AccountSettings(accounts_table=ACCOUNTS, default_plan=SMALL.name)
    settling = SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS, styles_table=STYLES)
    for name, value in {**admin.to_environment(), **settling.to_environment()}.items():
        monkeypatch.setenv(name, value)
    sweep.settlement.cache_clear()


def expire(job_id: str, *, ago: timedelta = timedelta(0)) -> None:
    """Let the job expire, now or in the past. Its items stay in the table."""
    dynamodb = clients.dynamodb()
    found = dynamodb.query(
        TableName=JOBS, KeyConditionExpression="job_id = :id", ExpressionAttributeValues={":id": {"S": job_id}}
    )
    for item in found["Items"]:
        dynamodb.update_item(
            TableName=JOBS,
            Key={"job_id": item["job_id"], "item": item["item"]},
            UpdateExpression="SET expires_at = :then",
            ExpressionAttributeValues={":then": epoch(utc_now() - ago)},
        )


def ended(**request: Any) -> str:
    job_id: str = submit(count=1, **request).body["job_id"]
    store(job_id, 0)
    settle(job_id)
    return job_id


def ask(function: str, **options: Any) -> Callable[[str], Answer]:
    return lambda job_id: call(function, path={"job_id": job_id}, **options)


READERS: dict[str, Callable[[str], Answer]] = {
    "read_job": ask("read_job"),
    "change_job": ask("change_job", body={"title": "t"}),
    "cancel_job": ask("cancel_job"),
    "delete_images": ask("delete_images"),
    "list_files": ask("list_files"),
    "zip_files": ask("zip_files"),
    "delete_job": ask("delete_job"),
    "inspect_job": ask("inspect_job", scope=SCOPE),
}


@pytest.mark.parametrize("function", READERS)
@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=2)])
def test_no_route_finds_an_expired_job(function: str, ago: timedelta) -> None:
    job_id = ended()
    expire(job_id, ago=ago)

    answer = READERS[function](job_id)

    assert (answer.status, answer.body["type"]) == (404, "/problems/JobNotFound")
    item = clients.dynamodb().get_item(TableName=JOBS, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})["Item"]
    assert not {"title", "images_deleted_at", "deleted_at"} & set(item)


def test_an_unfinished_job_that_has_expired_is_not_cancelled() -> None:
    job_id = submit(count=1).body["job_id"]
    expire(job_id)

    assert call("cancel_job", path={"job_id": job_id}).status == 404
    assert account()["reserved"] == 1


def test_an_expired_job_is_not_listed() -> None:
    gone, there = ended(), ended()
    expire(gone)

    for query in ({}, {"tool": "picture"}, {"state": "succeeded"}, {"since": "2020-01-01"}):
        assert [job["job_id"] for job in call("list_jobs", query=query).body["jobs"]] == [there]


def test_a_list_skips_any_number_of_expired_jobs_in_few_pages() -> None:
    """300 expired jobs are between two others. Pages of one job lead from the first to the second."""
    oldest = ended()
    copies([ended()], 300)
    newest = ended()
    pages, seen = 0, []
    cursor: dict[str, str] = {}
    while pages < 5:
        page = call("list_jobs", query={"limit": "1", **cursor}).body
        seen += [job["job_id"] for job in page["jobs"]]
        pages += 1
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == [newest, oldest]
    assert pages <= 3


def test_a_list_whose_jobs_have_all_expired_is_empty_and_ends() -> None:
    copies([ended()], 300)

    assert call("list_jobs", query={"limit": "1"}).body == {"jobs": []}


def copies(job_ids: list[str], count: int) -> None:
    """Expire these jobs and write each `count` times under other ids."""
    for job_id in job_ids:
        expire(job_id)
        item = clients.dynamodb().get_item(TableName=JOBS, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})["Item"]
        created_at = item["created_at"]["S"]
        for number in range(count):
            other = f"{number:026b}".replace("0", "y").replace("1", "z")
            item |= {"job_id": {"S": other}, "created": {"S": f"{created_at}#{other}"}}
            clients.dynamodb().put_item(TableName=JOBS, Item=item)


def test_an_image_of_an_expired_job_is_no_source() -> None:
    job_id = ended()
    request = {"source": f"{job_id}/0"}
    assert call("quote_job", path={"tool": "upscale"}, body=request).status == 200
    expire(job_id)

    for function in ("quote_job", "submit_job"):
        refused = call(function, path={"tool": "upscale"}, body=request)
        assert (refused.status, refused.body["field"]) == (422, "source")
    assert account()["reserved"] == 0


def test_the_key_of_an_expired_job_returns_nothing() -> None:
    first = submit(key="k", count=1)
    store(first.body["job_id"], 0)
    settle(first.body["job_id"])
    assert submit(key="k", count=1).status == 202
    expire(first.body["job_id"])

    again = submit(key="k", count=1)

    assert (again.status, again.body["type"]) == (409, "/problems/IdempotencyKeyReused")
    assert (account()["reserved"], account()["spent"]) == (0, 1)


def test_an_expired_job_is_neither_rendered_nor_sent_again() -> None:
    job_id = submit(count=1).body["job_id"]
    unstarted = UnstartedJobs(client=clients.dynamodb(), jobs_table=JOBS)
    assert unstarted.read(job_id).job_id == job_id
    expire(job_id)

    with pytest.raises(JobNotFound):
        unstarted.read(job_id)
    with pytest.raises(JobNotFound):
        render_table().start(job_id)


def test_the_sweeper_refunds_an_expired_job_in_full() -> None:
    job_id = submit(count=2).body["job_id"]
    store(job_id, 0)
    expire(job_id)
    clients.dynamodb().update_item(
        TableName=JOBS,
        Key={"job_id": {"S": job_id}, "item": {"S": "job"}},
        UpdateExpression="SET deadline = :then",
        ExpressionAttributeValues={":then": epoch(utc_now() - timedelta(hours=1))},
    )

    sweep.handler({}, Context())

    assert (account()["reserved"], account()["spent"], account()["active_jobs"]) == (0, 0, 0)
    assert job_table().read_any(job_id).job.refunded == 2
    assert read(job_id).status == 404


def test_an_upload_that_has_expired_is_not_found_listed_or_made_ready() -> None:
    ends = NOW + timedelta(hours=1)
    there = UploadTable(client=clients.dynamodb(), table=UPLOAD_RECORDS, now=lambda: ends - timedelta(seconds=1))
    over = replace(there, now=lambda: ends)
    there.open("maker-1", Upload(upload_id="u", created_at=NOW, expires_at=ends), max_open=1)

    assert there.find("maker-1", "u").expires_at == ends
    assert len(there.page("maker-1", 10, None)[0]) == 1
    assert over.page("maker-1", 10, None) == ([], None)
    with pytest.raises(UploadNotFound):
        over.find("maker-1", "u")
    with pytest.raises(UploadNotFound):
        over.mark_ready("maker-1", "u", Facts(width=16, height=16, alpha=False), ends + timedelta(days=1))
    # A new webhook may take its place and its id.
    again = Upload(upload_id="u", created_at=ends, expires_at=ends + timedelta(hours=1))
    over.open("maker-1", again, max_open=1)
    assert over.find("maker-1", "u") == again


@pytest.fixture
def connections() -> ConnectionTable:
    return ConnectionTable(client=clients.dynamodb(), table=table("connections", "owner"))


@pytest.fixture
def webhooks() -> WebhookTable:
    return WebhookTable(client=clients.dynamodb(), table=table("webhooks", "maker"))


def table(name: str, partition: str) -> str:
    client_of("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=key(partition, "item"),
        AttributeDefinitions=[attribute(partition), attribute("item")],
    )
    return name


NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("ends", "maker"), [(NOW, None), (NOW + timedelta(seconds=1), "maker-1")])
def test_a_ticket_is_valid_until_its_expiry(connections: ConnectionTable, ends: datetime, maker: str | None) -> None:
    connections.add_ticket("digest", "maker-1", ends)

    assert connections.take_ticket("digest", NOW) == maker


def test_an_expired_connection_receives_nothing(connections: ConnectionTable) -> None:
    connections.add("over", "maker-1", NOW - MAX_CONNECTION)
    connections.add("open", "maker-1", NOW - MAX_CONNECTION + timedelta(seconds=1))

    assert [connection.connection_id for connection in connections.of("maker-1", NOW)] == ["open"]


def test_a_delivery_is_in_the_log_until_it_expires(webhooks: WebhookTable) -> None:
    now = utc_now()
    webhooks.put(
        Webhook(maker="m", webhook_id="w", url="https://example.com/", secret="whsec_YQ==", created_at=now),
        max_webhooks=1,
    )
    for attempt, at in ((1, now - timedelta(days=31)), (2, now)):
        webhooks.log(
            Message(maker="m", webhook_id="w", message_id="msg", body="", due=at, attempt=attempt),
            Delivery(webhook_id="w", message_id="msg", attempt=attempt, at=at, status=200, error=None),
        )

    assert [delivery.attempt for delivery in webhooks.deliveries("m", "w", 20)] == [2]
