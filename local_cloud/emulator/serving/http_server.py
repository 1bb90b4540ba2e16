"""HTTP/1.1 and WebSockets on listening sockets, as AWS answers them: nothing in an answer names the server."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn

from local_cloud.emulator.serving.asgi import Application

KEEP_ALIVE_S = 75
# Clients that still read an answer then lose it.
LAST_ANSWERS_S = 1


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the emulator, which serves on while its tasks end."""
        yield


async def serve(app: Application, descriptors: Sequence[int], *, until: asyncio.Event) -> None:
    """Serve on the listening sockets of these descriptors until the event is set, and for the last answers."""
    server = _Server(_config(app))

    async def stop() -> None:
        await until.wait()
        server.should_exit = True

    stopping = asyncio.create_task(stop())
    try:
        await server.serve([socket.socket(fileno=descriptor) for descriptor in descriptors])
    finally:
        stopping.cancel()


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        loop="asyncio",
        http="httptools",
        ws="wsproto",
        ws_ping_interval=None,  # API Gateway sends no pings
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the emulator's application sends it
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LAST_ANSWERS_S,
        reset_contextvars=True,  # requests of one connection would see each other's account and region
    )
