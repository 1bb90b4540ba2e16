"""How the emulator speaks HTTP: what is AWS's is the application's, and the server adds nothing that AWS does not."""

import asyncio
import socket
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from local_cloud.emulator.serving.http_server import serve

ACCOUNT: ContextVar[str] = ContextVar("ACCOUNT", default="none")


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """The account that the request sees, which it then sets for itself."""
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        return
    kind = "websocket.http" if scope["type"] == "websocket" else "http"
    if kind == "http":
        await receive()
    body = ACCOUNT.get().encode()
    ACCOUNT.set(scope["path"])
    await send({"type": f"{kind}.response.start", "status": 429, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": f"{kind}.response.body", "body": body})


def converse(*parts: bytes, until: Callable[[bytes], bool] = lambda _: False) -> bytes:
    """Send the parts, each once something came back. Returns what came, to the end or to what it is read `until`."""

    async def run() -> bytes:
        listener = socket.create_server(("127.0.0.1", 0))
        stop, received = asyncio.Event(), b""
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        serving = asyncio.create_task(serve(answer, [listener.detach()], until=stop))
        for part in parts:
            writer.write(part)
            received += await reader.read(65_536)
        while not until(received) and (more := await reader.read(65_536)):
            received += more
        stop.set()
        await serving
        received += await reader.read()  # the connection is closed
        writer.close()
        return received

    return asyncio.run(run())


def request(line: str, *headers: str) -> bytes:
    return "".join(f"{each}\r\n" for each in (f"{line} HTTP/1.1", "Host: here", *headers, "")).encode()


def test_an_answer_names_no_server_and_a_connection_stays_until_the_server_stops() -> None:
    received = converse(request("GET /a"), until=lambda received: received.endswith(b"none"))

    assert received == b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nnone"


def test_requests_of_one_connection_do_not_see_each_other_s_context() -> None:
    received = converse(request("GET /a") + request("GET /b"), until=lambda received: received.count(b"\r\n\r\n") == 2)

    assert received.count(b"none") == 2


def test_a_connection_ends_after_the_answer_if_the_client_asks_for_that() -> None:
    received = converse(request("GET /a", "Connection: close"))

    assert b"\r\nconnection: close\r\n" in received
    assert received.endswith(b"none")


def test_a_client_that_waits_to_send_its_body_is_told_to() -> None:
    waiting = request("PUT /a", "Content-Length: 2", "Expect: 100-continue")
    received = converse(waiting, b"{}", until=lambda received: received.endswith(b"none"))

    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 ")


@pytest.mark.parametrize("sent", [b"no request\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_is_refused(sent: bytes) -> None:
    assert converse(sent).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_websocket_is_refused_with_an_answer() -> None:
    headers = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    received = converse(request("GET /a", *headers, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="))

    assert received.startswith(b"HTTP/1.1 429 ")
    assert received.endswith(b"none")
