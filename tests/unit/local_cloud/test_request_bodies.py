"""The body of a request is read whole."""

import asyncio
from typing import Any

from local_cloud.emulator.serving.request_bodies import read_body


def read(*messages: dict[str, Any]) -> bytes:
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    return asyncio.run(read_body(receive))


def test_a_body_that_arrives_in_parts_is_read_to_its_end() -> None:
    assert read({"body": b"a", "more_body": True}, {"more_body": True}, {"body": b"b"}) == b"ab"


def test_a_client_that_leaves_ends_the_body() -> None:
    assert read({"body": b"a", "more_body": True}, {"type": "http.disconnect"}) == b"a"
