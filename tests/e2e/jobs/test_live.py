"""Live updates over a real WebSocket, from the worker's first step to the last picture."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.waiting import HANGS_AFTER_S


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


@contextmanager
def live(front_end: FrontEnd) -> Iterator[ClientConnection]:
    opened = front_end.call("POST", "/v1/live")
    assert opened.status_code == 201, opened.text
    with connect(opened.json()["url"], open_timeout=HANGS_AFTER_S, proxy=None) as connection:
        yield connection


def until_ended(connection: ClientConnection, job_id: str) -> list[dict[str, Any]]:
    """All messages until the job has ended, including those of other jobs."""
    heard: list[dict[str, Any]] = []
    while not heard or heard[-1]["job_id"] != job_id or not has_ended(heard[-1]):
        heard.append(json.loads(connection.recv(timeout=HANGS_AFTER_S)))
    return heard


def has_ended(message: dict[str, Any]) -> bool:
    return message["type"] == "job.state" and message["state"] not in ("queued", "running")


def test_a_maker_hears_of_progress_previews_and_the_end(front_end: FrontEnd) -> None:
    with live(front_end) as connection:
        job_id = front_end.accepted("red apple", count=4, steps=20)
        heard = until_ended(connection, job_id)

    kinds = [message["type"] for message in heard]
    assert {"job.state", "job.progress", "image.done"} <= set(kinds)
    assert [message["state"] for message in heard if message["type"] == "job.state"][-1] == "succeeded"
    previews = [message["thumbnail_url"] for message in heard if message["type"] == "image.done"]
    assert len(previews) == 4
    assert HTTP.get(previews[0]).headers["Content-Type"] == "image/webp"


def test_nobody_else_hears_of_it(cloud: LocalCloud, front_end: FrontEnd) -> None:
    other = FrontEnd(cloud, cloud.sign_in("listener@craftspark.example"))
    with live(other) as theirs, live(front_end) as mine:
        job_id = front_end.accepted("red apple", count=1, steps=2)
        assert until_ended(mine, job_id)
        # Messages are in order, so a message of the other maker's job would have arrived before these.
        own = other.accepted("cat face", count=1, steps=2)
        heard = until_ended(theirs, own)

    assert {message["job_id"] for message in heard} == {own}


@pytest.mark.parametrize("ticket", ["", "?ticket=", "?ticket=guess"])
def test_without_a_good_ticket_there_is_no_connection(front_end: FrontEnd, ticket: str) -> None:
    url = front_end.call("POST", "/v1/live").json()["url"]

    with pytest.raises((InvalidStatus, WebSocketException)):
        connect(re.sub(r"\?.*", ticket, url), open_timeout=HANGS_AFTER_S, proxy=None)


def test_a_ticket_is_good_once(front_end: FrontEnd) -> None:
    url = front_end.call("POST", "/v1/live").json()["url"]
    with connect(url, open_timeout=HANGS_AFTER_S, proxy=None), pytest.raises((InvalidStatus, WebSocketException)):
        connect(url, open_timeout=HANGS_AFTER_S, proxy=None)
