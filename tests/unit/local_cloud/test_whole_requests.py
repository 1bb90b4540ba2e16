"""An answer waits for the rest of its request."""

import asyncio
from typing import Any

from local_cloud.emulator.serving.whole_requests import with_whole_requests

PARTS = [
    {"type": "http.request", "body": b"a", "more_body": True},
    {"type": "http.request", "body": b"b", "more_body": False},
]
GONE = {"type": "http.disconnect"}


def serve(app: Any, parts: list[dict[str, Any]], *, kind: str = "http", timeout_s: float = 60.0) -> list[str]:
    """The types of messages, in the order in which they are received and sent."""
    order: list[str] = []
    left = iter(parts)

    async def receive() -> dict[str, Any]:
        part = next(left, None)
        if part is None:  # the client says nothing more
            await asyncio.Event().wait()
        assert part is not None
        order.append(part["type"])
        return part

    async def send(message: Any) -> None:
        order.append(message["type"])

    asyncio.run(with_whole_requests(app, timeout_s)({"type": kind}, receive, send))  # type: ignore[arg-type]
    return order


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answer without reading."""
    await send({"type": "start"})
    await send({"type": "body"})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await refuse(scope, receive, send)


def test_a_request_that_nobody_reads_is_read_before_its_answer() -> None:
    assert serve(refuse, PARTS) == ["http.request", "http.request", "start", "body"]


def test_a_request_that_is_read_is_not_read_again() -> None:
    assert serve(echo, PARTS) == ["http.request", "http.request", "start", "body"]


def test_a_client_that_leaves_or_says_no_more_ends_the_wait() -> None:
    assert serve(refuse, [PARTS[0], GONE]) == ["http.request", "http.disconnect", "start", "body"]
    assert serve(refuse, PARTS[:1], timeout_s=0.01) == ["http.request", "start", "body"]


def test_a_websocket_is_answered_at_once() -> None:
    assert serve(refuse, [], kind="websocket") == ["start", "body"]
