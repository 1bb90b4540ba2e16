import json

import boto3
import pytest

from craftspark.aws import clients
from craftspark.aws.job_book import JobBook, settlement
from craftspark.aws.render_book import JobEnded, RenderBook
from craftspark.jobs import Job, StoredImage
from craftspark.settings import ReadSettings, SettleSettings, SubmitSettings
from tests.aws.api import Answer, call, submit
from tests.aws.conftest import ACCOUNTS, IMAGES, JOBS
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


@pytest.fixture
def read_settings(images_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ReadSettings(jobs_table=JOBS, images_bucket=images_bucket, url_lifetime_s=60)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


def book() -> JobBook:
    return JobBook(client=clients.dynamodb(), jobs_table=JOBS, accounts_table=ACCOUNTS)


def render_book() -> RenderBook:
    return RenderBook(client=clients.dynamodb(), jobs_table=JOBS)


def store(job_id: str, *indexes: int) -> Job:
    job = render_book().begin(job_id).job
    for index in indexes:
        image = StoredImage(index=index, width=128, height=128, render_s=0.25, stored_at=NOON)
        render_book().add(job, image)
    return job


def settle(job_id: str) -> Job:
    return settlement(SettleSettings(jobs_table=JOBS, accounts_table=ACCOUNTS)).settle(job_id, [], None, None)[0]


def account(maker: str = "maker-1") -> dict[str, int]:
    body: dict[str, int] = call("read_account", maker=maker).body
    assert body["granted"] == body["available"] + body["reserved"] + body["spent"]
    return body


def read(job_id: str, maker: str = "maker-1") -> Answer:
    return call("read_job", maker=maker, path={"job_id": job_id})


def messages(url: str) -> int:
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_a_job_is_accepted_reserved_and_sent(submit_settings: SubmitSettings) -> None:
    answer = submit(count=3)

    assert answer.status == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.body['job_id']}"
    assert answer.body["credits"] == {"price": 3, "reserved": 3, "spent": 0, "refunded": 0}
    assert (account()["available"], account()["reserved"], account()["active_jobs"]) == (7, 3, 1)
    assert messages(submit_settings.intake_queue_url) == 1


def test_the_same_key_is_charged_once_and_with_another_body_refused() -> None:
    first, again, other = submit(key="k"), submit(key="k"), submit("a blue apple", key="k")

    assert first.body == again.body
    assert (other.status, other.body["type"], other.body["field"]) == (
        409,
        "/problems/IdempotencyKeyReused",
        "Idempotency-Key",
    )
    assert account()["reserved"] == 4


def test_a_key_whose_job_has_expired_is_refused_and_not_charged() -> None:
    job_id = submit(key="k", count=1).body["job_id"]
    settle(job_id)
    clients.dynamodb().delete_item(TableName=JOBS, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})

    assert submit(key="k", count=1).body["type"] == "/problems/IdempotencyKeyReused"
    assert account()["reserved"] == 0


def test_a_request_without_a_key_is_a_job_of_its_own_each_time() -> None:
    assert submit(count=1).body["job_id"] != submit(count=1).body["job_id"]


def test_credits_that_do_not_suffice_are_told_with_what_would_fit(submit_settings: SubmitSettings) -> None:
    submit(count=8)

    answer = submit(count=4)

    assert answer.status == 402
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {name: answer.body[name] for name in ("type", "price", "available", "affordable_count", "field")} == {
        "type": "/problems/CreditsInsufficient",
        "price": 4,
        "available": 2,
        "affordable_count": 2,
        "field": "count",
    }
    assert account()["reserved"] == 8
    assert messages(submit_settings.intake_queue_url) == 1


def test_too_many_active_jobs_are_refused_until_one_ends() -> None:
    jobs = [submit(count=1).body["job_id"] for _ in range(3)]

    refused = submit(count=1)
    settle(jobs[0])
    accepted = submit(count=1)

    assert (refused.status, refused.body["active_jobs"], refused.body["max_active_jobs"]) == (429, 3, 3)
    assert refused.headers["Retry-After"]
    assert accepted.status == 202


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"prompt": "x", "count": 9}, 422, "count"),
        ({"prompt": "x" * 10_000}, 422, "prompt"),
        ({"prompt": "x", "colour": "red"}, 422, "colour"),
        ({"prompt": "x", "size": "1024x1024"}, 422, "size"),
        ("{", 422, "body"),
        (None, 422, "body"),
        ({"prompt": "x" * 40_000}, 413, "body"),
    ],
)
def test_bad_input_names_the_field_and_reserves_nothing(body: object, status: int, field: str) -> None:
    answer = call("submit_job", path={"tool": "picture"}, body=body)

    assert (answer.status, answer.body["field"]) == (status, field)
    assert account()["reserved"] == 0


def test_an_unknown_tool_is_not_found() -> None:
    answer = call("submit_job", path={"tool": "knitting"}, body={"prompt": "x"})

    assert (answer.status, answer.body["field"]) == (404, "tool")


def test_a_token_without_a_subject_is_forbidden() -> None:
    assert call("read_account", maker=None).status == 403


def test_a_job_s_way_from_queued_to_succeeded() -> None:
    job_id = submit(count=2).body["job_id"]
    assert read(job_id).body["state"] == "queued"

    job = store(job_id, 0)
    running = read(job_id)
    assert (running.body["state"], running.body["progress"], running.headers["Retry-After"]) == ("running", 0.5, "1")
    assert running.body["images"][0]["url"].startswith(f"https://{IMAGES}.s3.amazonaws.com/images/{job_id}/0.png?")
    assert "url" not in running.body["images"][1]

    store(job_id, 1)
    settle(job_id)
    done = read(job_id).body
    assert (done["state"], done["delivered"], done["progress"]) == ("succeeded", 2, 1.0)
    assert done["credits"] == {"price": 2, "reserved": 0, "spent": 2, "refunded": 0}
    assert [image["seed"] for image in done["images"]] == list(job.seeds)
    assert (account()["available"], account()["spent"], account()["active_jobs"]) == (8, 2, 0)


def test_progress_within_a_batch_is_seen() -> None:
    answer = submit(count=2)
    record = render_book().begin(answer.body["job_id"])
    [batch] = json.loads(boto3.client("sqs").receive_message(QueueUrl=intake())["Messages"][0]["Body"])["batches"]

    from craftspark.batches import Batch

    render_book().progress(record.job, Batch.from_json(batch), 30)

    assert read(answer.body["job_id"]).body["progress"] == 0.3


def intake() -> str:
    return boto3.client("sqs").get_queue_url(QueueName="intake")["QueueUrl"]


def test_images_that_were_not_delivered_are_refunded_once() -> None:
    job_id = submit(count=4).body["job_id"]
    store(job_id, 2)

    settle(job_id)
    settle(job_id)

    done = read(job_id).body
    assert (done["state"], done["credits"]["spent"], done["credits"]["refunded"]) == ("partly_succeeded", 1, 3)
    assert [image["state"] for image in done["images"]] == ["failed", "failed", "done", "failed"]
    assert done["images"][0]["error"] == "RenderFailed"
    assert (account()["available"], account()["reserved"], account()["spent"]) == (9, 0, 1)


def test_an_image_stored_twice_counts_once() -> None:
    job_id = submit(count=2).body["job_id"]

    store(job_id, 0)
    store(job_id, 0)

    assert book().read(job_id).job.images_stored == 1


def test_an_image_of_a_final_job_is_not_entered() -> None:
    job_id = submit(count=1).body["job_id"]
    job = book().read(job_id).job
    settle(job_id)

    with pytest.raises(JobEnded):
        render_book().add(job, StoredImage(index=0, width=1, height=1, render_s=0, stored_at=NOON))
    assert read(job_id).body["images"][0]["state"] == "failed"


def test_a_job_that_begins_twice_keeps_its_first_start() -> None:
    job_id = submit(count=1).body["job_id"]

    first, second = render_book().begin(job_id).job, render_book().begin(job_id).job

    assert second.state == "running"
    assert abs((first.started_at or NOON) - (second.started_at or NOON)).total_seconds() < 0.001


def test_cancelling_refunds_at_once_and_twice_is_once() -> None:
    job_id = submit(count=4).body["job_id"]

    first = call("cancel_job", path={"job_id": job_id})
    again = call("cancel_job", path={"job_id": job_id})

    assert first.status == again.status == 200
    assert first.body == again.body
    assert first.body["state"] == "cancelled"
    assert account()["available"] == 10


def test_a_job_that_ended_cannot_be_cancelled() -> None:
    job_id = submit(count=1).body["job_id"]
    settle(job_id)

    assert call("cancel_job", path={"job_id": job_id}).body["type"] == "/problems/JobAlreadyFinal"


@pytest.mark.parametrize("function", ["read_job", "cancel_job"])
def test_another_maker_s_job_is_not_found_and_untouched(function: str) -> None:
    job_id = submit(count=1).body["job_id"]

    theirs = call(function, maker="maker-2", path={"job_id": job_id})
    nobody = call(function, maker="maker-2", path={"job_id": "b" * 26})

    assert theirs.status == nobody.status == 404
    assert theirs.body["type"] == nobody.body["type"]
    assert theirs.body["detail"].replace(job_id, "") == nobody.body["detail"].replace("b" * 26, "")
    assert read(job_id).body["state"] == "queued"


def test_jobs_are_listed_newest_first_page_by_page() -> None:
    expected: list[str] = []
    for number in range(5):
        job_id = submit(str(number), count=1).body["job_id"]
        settle(job_id)
        expected.insert(0, job_id)
    submit(count=1, maker="maker-2")

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = call("list_jobs", query={"limit": "2", **cursor}).body
        seen += [job["job_id"] for job in page["jobs"]]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == expected


def test_another_maker_s_cursor_opens_nothing() -> None:
    for number in range(2):
        submit(str(number), count=1)
    cursor = call("list_jobs", query={"limit": "1"}).body["next_cursor"]

    assert call("list_jobs", maker="maker-2", query={"cursor": cursor}).body["jobs"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"limit": "x"}, "limit"), ({"cursor": "%%"}, "cursor")],
)
def test_a_list_s_bad_parameters_are_named(query: dict[str, str], field: str) -> None:
    answer = call("list_jobs", query=query)

    assert (answer.status, answer.body["field"]) == (422, field)


def test_tools_are_listed_with_their_price_and_schema() -> None:
    answer = call("list_tools").body

    assert [tool["name"] for tool in answer["tools"]] == ["picture"]
    assert answer["tools"][0]["credits_per_image"] == 1
    assert "prompt" in answer["tools"][0]["request_schema"]["properties"]


def test_a_new_maker_is_welcomed_once() -> None:
    assert account("new")["granted"] == 10
    submit(count=2, maker="new")

    assert (account("new")["granted"], account("new")["reserved"]) == (10, 2)


def test_every_movement_of_credits_has_an_entry_of_its_own() -> None:
    job_id = submit(count=4).body["job_id"]
    store(job_id, 0)
    settle(job_id)

    items = clients.dynamodb().scan(TableName=ACCOUNTS)["Items"]
    entries = {item["item"]["S"]: int(item["credits"]["N"]) for item in items if item["item"]["S"] != "account"}

    assert entries == {
        "entry#grant#welcome": 10,
        f"entry#reserve#{job_id}": 4,
        f"entry#commit#{job_id}": 1,
        f"entry#refund#{job_id}": 3,
    }
