"""A webhook in the deployed stacks: from a job's end to the log of its delivery."""

import base64
import json
from typing import Any

import pytest

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import FrontEnd
from tests.e2e.waiting import eventually

WEBHOOK = "b" * 26


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def test_an_internal_address_is_rejected_at_registration(front_end: FrontEnd) -> None:
    for url in (
        "https://127.0.0.1.nip.invalid/",
        "https://127.0.0.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "http://1.1.1.1/",
        "https://user@1.1.1.1/",
    ):
        refused = front_end.call("POST", "/v1/webhooks", json={"url": url})
        assert (refused.status_code, refused.json()["field"]) == (422, "url")


def waiting(cloud: LocalCloud) -> dict[str, int]:
    """The numbers of waiting messages to webhooks, by their state in the queue."""
    sqs = cloud.client("sqs")
    [url] = [url for url in sqs.list_queues()["QueueUrls"] if "DeliveriesQueue" in url]
    names: list[Any] = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return {name.removeprefix("ApproximateNumberOfMessages"): int(counts[name]) for name in names}


def test_a_settled_job_is_delivered_and_an_internal_address_is_not_called(
    cloud: LocalCloud, front_end: FrontEnd
) -> None:
    """The endpoint was public at its registration. When the job ends, its host name resolves to this machine."""
    dynamodb = cloud.client("dynamodb")
    [table] = [name for name in dynamodb.list_tables()["TableNames"] if "Webhooks" in name]
    claims = json.loads(base64.urlsafe_b64decode((front_end.token or "").split(".")[1] + "=="))
    item = {"maker": claims["sub"], "item": f"webhook#{WEBHOOK}", "url": "https://localhost/", "secret": "whsec_YQ=="}
    item["created_at"] = "2030-01-01T00:00:00.000Z"
    dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})

    [listed] = front_end.call("GET", "/v1/webhooks").json()["webhooks"]
    assert listed["webhook_id"] == WEBHOOK
    job_id = front_end.accepted(count=1, steps=1)
    job = front_end.ended(job_id)

    def look() -> Any:
        return front_end.call("GET", f"/v1/webhooks/{WEBHOOK}/deliveries").json()["deliveries"]

    [delivery] = eventually(look)
    assert job["state"] == "succeeded"  # with any result of the webhook
    assert delivery["message_id"] == f"msg_{job_id}_{WEBHOOK}"
    assert not delivery["delivered"]
    assert "not on the public internet" in delivery["error"]
    # The next attempt waits as a delayed message and not in flight. It is made on time and logged like the first.
    tries = eventually(lambda: found if len(found := look()) > 1 else [])
    assert [each["attempt"] for each in tries] == list(range(len(tries), 0, -1))
    assert {each["message_id"] for each in tries} == {delivery["message_id"]}
    eventually(lambda: waiting(cloud) == {"": 0, "NotVisible": 0, "Delayed": 1})
    # A later attempt finds no endpoint.
    assert front_end.call("DELETE", f"/v1/webhooks/{WEBHOOK}").status_code == 204
