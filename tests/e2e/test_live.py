"""Live updates over a real WebSocket, from the worker's first step to the last picture."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from local_cloud.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd

JOBS, WITHIN_S = 12, 1.0


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


@contextmanager
def live(front_end: FrontEnd) -> Iterator[ClientConnection]:
    opened = front_end.call("POST", "/v1/live")
    assert opened.status_code == 201, opened.text
    with connect(opened.json()["url"], open_timeout=15, proxy=None) as connection:
        yield connection


def until_ended(connection: ClientConnection, job_id: str) -> list[tuple[float, dict[str, Any]]]:
    """Every message about the job until it has ended, each with when it came."""
    heard: list[tuple[float, dict[str, Any]]] = []
    while not heard or heard[-1][1]["type"] != "job.state" or heard[-1][1]["state"] in ("queued", "running"):
        message = json.loads(connection.recv(timeout=60))
        if message["job_id"] == job_id:
            heard.append((time.time(), message))
    return heard


def test_a_maker_hears_of_progress_previews_and_the_end(front_end: FrontEnd) -> None:
    with live(front_end) as connection:
        job_id = front_end.accepted("red apple", count=4, steps=20)
        heard = [message for _, message in until_ended(connection, job_id)]

    kinds = [message["type"] for message in heard]
    assert {"job.state", "job.progress", "image.done"} <= set(kinds)
    assert [message["state"] for message in heard if message["type"] == "job.state"][-1] == "succeeded"
    previews = [message["thumbnail_url"] for message in heard if message["type"] == "image.done"]
    assert len(previews) == 4
    assert HTTP.get(previews[0]).headers["Content-Type"] == "image/webp"


def test_updates_come_within_a_second_at_the_median(front_end: FrontEnd) -> None:
    """From the moment that the worker has an image stored to that of the client's message."""
    waits = []
    with live(front_end) as connection:
        for seed in range(JOBS):
            job_id = front_end.accepted("red apple", count=2, steps=4, seed=seed)
            heard = until_ended(connection, job_id)
            stored = stored_at(front_end.cloud, job_id)
            waits += [moment - stored[message["index"]] for moment, message in heard if message["type"] == "image.done"]

    assert len(waits) == 2 * JOBS
    print(f"live updates: median {median(waits):.3f} s, longest {max(waits):.3f} s")
    assert median(waits) <= WITHIN_S


def stored_at(cloud: LocalCloud, job_id: str) -> dict[int, float]:
    answer = cloud.client("dynamodb").query(
        TableName=cloud.outputs["JobsTableName"],
        KeyConditionExpression="job_id = :id",
        ExpressionAttributeValues={":id": {"S": job_id}},
    )
    images = [item for item in answer["Items"] if item["item"]["S"].startswith("image#")]
    return {
        int(item["item"]["S"].partition("#")[2]): datetime.fromisoformat(item["stored_at"]["S"])
        .astimezone(UTC)
        .timestamp()
        for item in images
    }


def test_nobody_else_hears_of_it(cloud: LocalCloud, front_end: FrontEnd) -> None:
    other = FrontEnd(cloud, cloud.sign_in("listener@craftspark.example"))
    with live(other) as theirs, live(front_end) as mine:
        job_id = front_end.accepted("red apple", count=1, steps=2)
        assert until_ended(mine, job_id)
        own = other.accepted("cat face", count=1, steps=2)
        heard = [message for _, message in until_ended(theirs, own)]
        assert {message["job_id"] for message in heard} == {own}
        with pytest.raises(TimeoutError):
            theirs.recv(timeout=1)


@pytest.mark.parametrize("ticket", ["", "?ticket=", "?ticket=guess"])
def test_without_a_good_ticket_there_is_no_connection(front_end: FrontEnd, ticket: str) -> None:
    url = front_end.call("POST", "/v1/live").json()["url"]

    with pytest.raises((InvalidStatus, WebSocketException)):
        connect(re.sub(r"\?.*", ticket, url), open_timeout=15, proxy=None)


def test_a_ticket_is_good_once(front_end: FrontEnd) -> None:
    url = front_end.call("POST", "/v1/live").json()["url"]
    with connect(url, open_timeout=15, proxy=None), pytest.raises((InvalidStatus, WebSocketException)):
        connect(url, open_timeout=15, proxy=None)
