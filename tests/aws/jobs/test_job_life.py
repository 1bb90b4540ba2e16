import json
from dataclasses import replace

import pytest

from craftspark.accounts.plans import PLANS
from craftspark.aws import clients
from craftspark.aws.jobs.render_table import JobEnded
from craftspark.jobs.batches import Batch
from craftspark.jobs.job import StoredImage
from tests.aws.api import account, call, job_table, read, render_table, settle, store, submit
from tests.aws.conftest import ACCOUNTS, IMAGES, SMALL, client_of
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def intake() -> str:
    return str(client_of("sqs").get_queue_url(QueueName="intake")["QueueUrl"])


def test_a_job_goes_from_queued_to_succeeded() -> None:
    job_id = submit(count=2).body["job_id"]
    assert read(job_id).body["state"] == "queued"

    job = store(job_id, 0)
    running = read(job_id)
    assert (running.body["state"], running.body["progress"]) == ("running", 0.5)
    # Less time is left than at the submission, when a launch and a wave remained.
    assert 1 <= int(running.headers["Retry-After"]) < 10
    assert running.body["images"][0]["url"].startswith(
        f"https://{IMAGES}.s3.us-east-1.amazonaws.com/images/{job_id}/0.png?"
    )
    assert "url" not in running.body["images"][1]

    store(job_id, 1)
    settle(job_id)
    done = read(job_id).body
    assert (done["state"], done["delivered"], done["progress"]) == ("succeeded", 2, 1.0)
    assert done["credits"] == {"price": 2, "reserved": 0, "spent": 2, "refunded": 0}
    assert [image["seed"] for image in done["images"]] == list(job.seeds)
    assert (account()["available"], account()["spent"], account()["active_jobs"]) == (8, 2, 0)


def test_progress_within_a_batch_is_visible() -> None:
    answer = submit(count=2)
    record = render_table().start(answer.body["job_id"])
    [batch] = json.loads(client_of("sqs").receive_message(QueueUrl=intake())["Messages"][0]["Body"])["batches"]

    render_table().progress(record.job, Batch.from_json(batch), 30)

    assert read(answer.body["job_id"]).body["progress"] == 0.3


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


def test_an_image_that_misses_its_subject_is_delivered_and_refunded_by_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan at submission decides."""
    monkeypatch.setitem(PLANS, SMALL.name, replace(SMALL, refunds_missed_subject=True))
    job_id = submit(count=2).body["job_id"]
    monkeypatch.setitem(PLANS, SMALL.name, SMALL)
    job = store(job_id, 0)
    missed = StoredImage(
        index=1, width=8, height=8, render_s=0, stored_at=NOON, seed=1, warning="no cat", subject_missed=True
    )
    render_table().add(job, missed)

    settle(job_id)
    settle(job_id)

    done = read(job_id).body
    assert (done["state"], done["delivered"]) == ("succeeded", 2)
    assert done["credits"] == {"price": 2, "reserved": 0, "spent": 1, "refunded": 1}
    assert [(image["state"], image.get("refunded")) for image in done["images"]] == [("done", None), ("done", True)]
    assert done["images"][1]["warning"] == "no cat"
    [listed] = call("list_jobs").body["jobs"]
    assert listed["credits"] == done["credits"]
    assert (account()["available"], account()["spent"]) == (9, 1)
    entries = {entry["kind"]: entry for entry in call("list_ledger").body["entries"]}
    assert (entries["refund"]["credits"], entries["refund"]["note"]) == (1, "1 of 2 images may not show their subject")
    assert "note" not in entries["commit"]


def test_an_image_stored_twice_counts_once() -> None:
    job_id = submit(count=2).body["job_id"]

    store(job_id, 0)
    store(job_id, 0)

    assert job_table().read(job_id).job.images_stored == 1


def test_an_image_of_a_final_job_is_not_entered() -> None:
    job_id = submit(count=1).body["job_id"]
    job = job_table().read(job_id).job
    settle(job_id)

    with pytest.raises(JobEnded):
        render_table().add(job, StoredImage(index=0, width=1, height=1, render_s=0, stored_at=NOON, seed=1))
    assert read(job_id).body["images"][0]["state"] == "failed"


def test_a_job_that_starts_twice_keeps_its_first_start() -> None:
    job_id = submit(count=1).body["job_id"]

    first, second = render_table().start(job_id).job, render_table().start(job_id).job

    assert second.state == "running"
    assert abs((first.started_at or NOON) - (second.started_at or NOON)).total_seconds() < 0.001


def test_cancelling_refunds_immediately_and_once() -> None:
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


def test_every_movement_of_credits_has_an_entry() -> None:
    job_id = submit(count=4).body["job_id"]
    store(job_id, 0)
    settle(job_id)

    items = clients.dynamodb().scan(TableName=ACCOUNTS)["Items"]
    entries = {item["item"]["S"]: int(item["credits"]["N"]) for item in items if item["item"]["S"] != "account"}
    [month] = [item["month"]["S"] for item in items if item["item"]["S"] == "account"]

    assert entries == {
        f"entry#grant#{month}": 10,
        f"entry#reserve#{job_id}": 4,
        f"entry#commit#{job_id}": 1,
        f"entry#refund#{job_id}": 3,
    }
