"""JSON answers of what is added around the emulator's application."""

import json
from typing import Any


async def send_json(
    send: Any, status: int, answer: Any, *, content_type: bytes = b"application/json", kind: str = "http"
) -> None:
    """Answer an ASGI request. `kind` is `websocket.http` for a WebSocket that is refused."""
    headers = [(b"content-type", content_type)]
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": json.dumps(answer).encode()})
