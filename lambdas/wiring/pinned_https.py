"""An HTTPS POST that connects only to addresses that were checked, with one deadline for the whole request.

A socket timeout applies to each operation separately, so a receiver that sends a byte at intervals could block a call
indefinitely. Every operation here, from name resolution to the last byte of the headers, gets the remaining time.
"""

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse, HTTPSConnection, LineTooLong, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

WITHIN_S = 10.0
MAX_RESPONSES = 100
INTERIM = frozenset(range(100, 200)) - {101}  # 101 is final: no request asks for another protocol


@dataclass(frozen=True)
class Deadline:
    """A moment of `clock`, in seconds."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        return cls(clock() + seconds, clock)

    def left_s(self) -> float:
        """The remaining seconds. Raises TimeoutError after the deadline."""
        left = self.at - self.clock()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def share(self, parts: int) -> "Deadline":
        """A deadline after an equal share of the remaining time."""
        return Deadline(self.clock() + self.left_s() / parts, self.clock)


class BoundedSocket:
    """The interface of a connected socket that http.client uses, with one deadline for all operations."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline
        # One reader for all responses, because it can buffer the start of the next response.
        self._incoming: Any = io.BufferedReader(_Incoming(connected, deadline))

    def sendall(self, data: bytes) -> None:
        unsent = memoryview(data)
        while unsent:
            self._socket.settimeout(self._deadline.left_s())
            unsent = unsent[self._socket.send(unsent) :]

    def makefile(self, *_: Any) -> Any:
        return self._incoming

    def close(self) -> None:
        self._socket.close()


class _Incoming(io.RawIOBase):
    """The bytes that a bounded socket receives."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left_s())
        return self._socket.recv_into(buffer)


def resolve(host: str, deadline: Deadline | None = None) -> list[str]:
    """A host's addresses. Raises OSError.

    The system's resolver cannot be interrupted, so its thread can continue after the deadline, until its own timeout.
    """
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, results), daemon=True).start()
    try:
        result = results.get(timeout=(deadline or Deadline.after(WITHIN_S / 2)).left_s())
    except queue.Empty:
        raise TimeoutError(f"{host} was not resolved in time") from None
    if isinstance(result, Exception):
        raise result
    return [str(address_info[4][0]) for address_info in result]


def _look_up(host: str, results: "queue.SimpleQueue[Any]") -> None:
    try:
        results.put(socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM))
    except Exception as error:  # `resolve` raises it
        results.put(error)


@cache
def default_context() -> ssl.SSLContext:
    """The system's certificate authorities."""
    return ssl.create_default_context()


def open_tls(host: str, address: str, port: int, context: ssl.SSLContext, deadline: Deadline) -> socket.socket:
    """A TLS connection to a host at one of its addresses, without resolving the name again. Raises OSError."""
    plain = socket.create_connection((address, port), deadline.left_s())
    try:
        plain.settimeout(deadline.left_s())
        return context.wrap_socket(plain, server_hostname=host)  # the timeout covers the whole handshake
    except BaseException:
        plain.close()
        raise


Connect = Callable[[str, str, int, ssl.SSLContext, Deadline], socket.socket]


def post(
    url: str,
    addresses: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    deadline: Deadline,
    *,
    port: int = 443,
    context: ssl.SSLContext | None = None,
    connect: Connect = open_tls,
) -> int:
    """The status of the response. Does not follow redirects and does not read the body.

    Raises OSError, or HTTPException if the response is not HTTP.
    """
    parts = urlsplit(url)
    host, trust = parts.hostname or "", context or default_context()
    opened = _first_open(host, addresses, deadline, lambda *at: connect(host, at[0], port, trust, at[1]))
    connection = HTTPSConnection(host, port, context=trust)
    connection.sock = BoundedSocket(opened, deadline)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {**headers, "Connection": "close"})
        return _final_status(connection.sock)
    finally:
        connection.close()


def _final_status(connected: Any) -> int:
    """The status of the first response that is not interim (RFC 9110, 15.2). `getresponse` skips only status 100."""
    responses = []  # referenced until the end, because a response closes the reader when it is garbage-collected
    for _ in range(MAX_RESPONSES):
        response = HTTPResponse(connected, method="POST")
        responses.append(response)
        response.begin()
        if response.status not in INTERIM:
            return response.status
    raise HTTPException("no final response")


def _first_open(
    host: str, addresses: Iterable[str], deadline: Deadline, connect: Callable[[str, Deadline], socket.socket]
) -> socket.socket:
    """A connection to the first address that accepts one. Each gets a share of the time. Raises the first OSError.

    No data is sent before a connection is open, so no message is sent twice.
    """
    untried, first = list(addresses), None
    while untried:
        address = untried.pop(0)
        try:
            return connect(address, deadline.share(1 + len(untried)))
        except OSError as error:
            first = first or error
    raise first or OSError(f"{host} has no address")


def explain(error: Exception) -> str:
    """The reason of a failed delivery, as shown to the maker who owns the webhook."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"the endpoint's certificate is not valid: {error.verify_message}"
        case TimeoutError():
            return f"the endpoint did not respond within {WITHIN_S:g} seconds"
        case ssl.SSLError():
            return "the TLS handshake with the endpoint failed"
        case ConnectionRefusedError():
            return "the endpoint refused the connection"
        case RemoteDisconnected() | ConnectionError():
            return "the endpoint closed the connection before it responded"
        case LineTooLong():
            return "the response of the endpoint has headers that are too large"
        case HTTPException():
            too_many = "more than" in str(error)
            return "the response of the endpoint has too many headers" if too_many else "the response is not HTTP"
        case _:
            return "the endpoint could not be reached"
