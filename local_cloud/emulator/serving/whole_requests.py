"""A request is read to its end before it is answered, also where the answer does not depend on its body.

The server closes the connection after its answer if the client asks for that. A client that still sends then, such as
one that sends headers and body apart, loses the answer: it sees a connection that closed, and not why it was refused.
"""

import asyncio
from typing import Any

from local_cloud.emulator.serving.asgi import Application

# A client that sends nothing for longer gets its answer.
UNREAD_TIMEOUT_S = 60.0


def with_whole_requests(app: Application, timeout_s: float = UNREAD_TIMEOUT_S) -> Application:
    """The application, whose answers wait for the rest of their requests."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        unread = scope["type"] == "http"

        async def receive_part() -> Any:
            nonlocal unread
            message = await receive()
            unread = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def send_after_request(message: Any) -> None:
            nonlocal unread
            try:
                while unread:
                    await asyncio.wait_for(receive_part(), timeout_s)
            except TimeoutError:
                unread = False
            await send(message)

        await app(scope, receive_part, send_after_request)

    return serve
