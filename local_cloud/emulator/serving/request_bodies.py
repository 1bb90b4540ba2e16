"""The bodies of requests to what is added around the emulator's application."""

from typing import Any


async def read_body(receive: Any) -> bytes:
    """Read the body of an ASGI request to its end. A client that leaves before has sent a part of it."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
