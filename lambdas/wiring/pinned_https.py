"""A POST that goes to the addresses that were checked, and nowhere else, within one deadline for all of it.

Sockets know a timeout for each operation alone: whoever sends a byte now and then holds such a call for ever. So every
operation here, from the look-up of the name to the last byte of the headers, gets what is left of the deadline.
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
INTERIM = frozenset(range(100, 200)) - {101}  # a switch of protocols, for which nobody asked, is final


@dataclass(frozen=True)
class Deadline:
    """A moment of `clock`, in seconds."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        return cls(clock() + seconds, clock)

    def left_s(self) -> float:
        """Seconds until then; raises TimeoutError once it has passed."""
        left = self.at - self.clock()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def share(self, parts: int) -> "Deadline":
        """One of so many equal parts of what is left, beginning now."""
        return Deadline(self.clock() + self.left_s() / parts, self.clock)


class BoundedSocket:
    """What http.client uses of a connected socket, with one deadline for all operations together."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline
        # One reader for all answers: what it has read ahead belongs to the next one.
        self._incoming: Any = io.BufferedReader(_Incoming(connected, deadline))

    def sendall(self, data: bytes) -> None:
        waiting = memoryview(data)
        while waiting:
            self._socket.settimeout(self._deadline.left_s())
            waiting = waiting[self._socket.send(waiting) :]

    def makefile(self, *_: Any) -> Any:
        return self._incoming

    def close(self) -> None:
        self._socket.close()


class _Incoming(io.RawIOBase):
    """What comes in on a bounded socket."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left_s())
        return self._socket.recv_into(buffer)


def resolve(host: str, deadline: Deadline | None = None) -> list[str]:
    """A host's addresses; raises OSError.

    The system's resolver cannot be interrupted: a thread that waits for it longer is left to its own timeouts.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=(deadline or Deadline.after(WITHIN_S / 2)).left_s())
    except queue.Empty:
        raise TimeoutError(f"{host} was not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return [str(found[4][0]) for found in answer]


def _look_up(host: str, answers: "queue.SimpleQueue[Any]") -> None:
    try:
        answers.put(socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM))
    except Exception as error:  # it is raised where the answer is awaited
        answers.put(error)


@cache
def trusted() -> ssl.SSLContext:
    """The system's certificate authorities."""
    return ssl.create_default_context()


def open_tls(host: str, address: str, port: int, context: ssl.SSLContext, deadline: Deadline) -> socket.socket:
    """TLS with a host at one of its addresses: the name is not resolved a second time. Raises OSError."""
    plain = socket.create_connection((address, port), deadline.left_s())
    try:
        plain.settimeout(deadline.left_s())
        return context.wrap_socket(plain, server_hostname=host)  # the timeout bounds the handshake as a whole
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
    """The status that the receiver answers; it is led nowhere else, and what follows the headers is not read.

    Raises OSError, or HTTPException for what is no HTTP.
    """
    parts = urlsplit(url)
    host, trust = parts.hostname or "", context or trusted()
    opened = _first_open(host, addresses, deadline, lambda *at: connect(host, at[0], port, trust, at[1]))
    connection = HTTPSConnection(host, port, context=trust)
    connection.sock = BoundedSocket(opened, deadline)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {**headers, "Connection": "close"})
        return _final_status(connection.sock)
    finally:
        connection.close()


def _final_status(answered: Any) -> int:
    """The status of the answer behind all interim ones (RFC 9110, 15.2); `getresponse` knows only 100 of these."""
    answers = []  # kept: an answer that goes away closes the reader
    for _ in range(MAX_RESPONSES):
        answer = HTTPResponse(answered, method="POST")
        answers.append(answer)
        answer.begin()
        if answer.status not in INTERIM:
            return answer.status
    raise HTTPException("nothing but interim answers")


def _first_open(
    host: str, addresses: Iterable[str], deadline: Deadline, connect: Callable[[str, Deadline], socket.socket]
) -> socket.socket:
    """A connection to the first address that takes one; each may use its share of the time. Raises the first OSError.

    Nothing was sent before, so no message can arrive twice by this.
    """
    waiting, first = list(addresses), None
    while waiting:
        address = waiting.pop(0)
        try:
            return connect(address, deadline.share(1 + len(waiting)))
        except OSError as error:
            first = first or error
    raise first or OSError(f"{host} has no address")


def explain(error: Exception) -> str:
    """What went wrong, for the maker whose endpoint it is."""
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
