"""A POST to a webhook goes to the checked addresses, one after the other, within one deadline."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lambdas.wiring.pinned_https import Deadline, explain, open_tls, post, resolve
from tests.clock import Clock

ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
URL = "https://hooks.example/in"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """The other side of a socket. It receives and sends `each` bytes at a time, after `after_s` seconds."""

    def __init__(self, clock: Clock, answer: bytes = OK, *, each: int = 1 << 16, after_s: float = 0.0) -> None:
        self.clock, self.answer, self.each, self.after_s = clock, answer, each, after_s
        self.received = b""
        self.closed = False
        self._timeout = 0.0

    def settimeout(self, seconds: float) -> None:
        self._timeout = seconds

    def _wait(self) -> None:
        """Fail after the timeout, like a socket."""
        self.clock.now += min(self.after_s, self._timeout)
        if self.after_s > self._timeout:
            raise TimeoutError("timed out")

    def send(self, data: memoryview) -> int:
        self._wait()
        self.received += data[: self.each]
        return len(data[: self.each])

    def recv_into(self, buffer: Any) -> int:
        self._wait()
        part, self.answer = self.answer[: min(self.each, len(buffer))], self.answer[min(self.each, len(buffer)) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self.closed = True


def send(receiver: Receiver, body: bytes = b"{}") -> int:
    deadline = Deadline.after(10, receiver.clock)
    return post(URL, ADDRESSES[:1], {}, body, deadline, connect=lambda *_: receiver)  # type: ignore[arg-type]


def test_a_receiver_that_sends_single_bytes_is_cut_off_at_the_deadline() -> None:
    clock = Clock()
    dripping = Receiver(clock, OK + b"x" * 100, each=1, after_s=1.2)

    with pytest.raises(TimeoutError):
        send(dripping)

    assert clock.now == pytest.approx(10)
    assert dripping.closed


@pytest.mark.parametrize("seconds", [0.05, 1.2, 9.9, 10.0, 600.0])
@pytest.mark.parametrize("each", [1, 3, 1000])
@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + OK,
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 10_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Header: x\r\n" * 90 + b"\r\n",
        b"HTTP/1.1 200 " + b"x" * 60_000,
        b"",
    ],
)
def test_no_receiver_takes_longer_than_the_deadline(seconds: float, each: int, answer: bytes) -> None:
    clock = Clock()
    receiver = Receiver(clock, answer, each=each, after_s=seconds)

    with suppress(OSError, HTTPException):
        send(receiver, b"x" * 500)

    assert clock.now <= 10 + 1e-6
    assert receiver.closed


@pytest.mark.parametrize("each", [1, 1 << 16])
@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </a>; rel=preload"])
def test_an_interim_response_is_skipped(interim: bytes, each: int) -> None:
    assert send(Receiver(Clock(), (b"HTTP/1.1 " + interim + b"\r\n\r\n") * 3 + OK, each=each)) == 204


def test_the_response_body_is_not_read() -> None:
    """The status shows that the endpoint has received the message."""
    clock = Clock()
    receiver = Receiver(clock, OK + b"x" * 10_000)

    assert send(receiver) == 204
    assert clock.now == 0


class Network:
    """The result of a connection to each address. Records the timeout of each."""

    def __init__(self, clock: Clock, **outcomes: Receiver | OSError) -> None:
        self.clock = clock
        self.outcomes = outcomes
        self.tried: list[tuple[str, float]] = []

    def __call__(self, host: str, address: str, port: int, context: ssl.SSLContext, deadline: Deadline) -> Any:
        self.tried.append((address, deadline.left_s()))
        outcome = self.outcomes[address.replace(".", "_").replace(":", "_")]
        if isinstance(outcome, TimeoutError):
            self.clock.now += deadline.left_s()
        if isinstance(outcome, OSError):
            raise outcome
        return outcome


def through(clock: Clock, *outcomes: Receiver | OSError) -> Network:
    return Network(
        clock,
        **{
            address.replace(".", "_").replace(":", "_"): outcome
            for address, outcome in zip(ADDRESSES, outcomes, strict=True)
        },
    )


@pytest.mark.parametrize(
    "fault", [ConnectionRefusedError("refused"), OSError("no route"), TimeoutError("silent"), ssl.SSLError("no TLS")]
)
def test_addresses_are_tried_in_order_until_one_accepts_a_connection(fault: OSError) -> None:
    clock = Clock()
    network = through(clock, fault, fault, Receiver(clock))

    assert post(URL, ADDRESSES, {}, b"{}", Deadline.after(9, clock), connect=network) == 204

    assert [address for address, _ in network.tried] == ADDRESSES
    silent = isinstance(fault, TimeoutError)
    assert [left for _, left in network.tried] == pytest.approx([3, 3, 3] if silent else [3, 4.5, 9])


def test_if_no_address_accepts_a_connection_the_first_error_is_reported() -> None:
    """The IPv6 address is tried last. A missing route to it does not mean that the endpoint fails."""
    clock = Clock()
    network = through(clock, ConnectionRefusedError("refused"), OSError("no route"), OSError("no route"))

    with pytest.raises(ConnectionRefusedError):
        post(URL, ADDRESSES, {}, b"{}", Deadline.after(9, clock), connect=network)


def test_a_sent_message_is_not_sent_to_a_second_address() -> None:
    clock = Clock()
    network = through(clock, Receiver(clock, b""), Receiver(clock), Receiver(clock))

    with pytest.raises(ConnectionError):
        post(URL, ADDRESSES, {}, b"{}", Deadline.after(9, clock), connect=network)

    assert [address for address, _ in network.tried] == ADDRESSES[:1]


def test_a_name_server_that_does_not_respond_times_out_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = threading.Event(), threading.Event()

    def silent(*_: Any, **__: Any) -> Any:
        asked.set()
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(TimeoutError):
            resolve("hooks.example", Deadline.after(0.01))
        assert asked.wait(60)
    finally:
        answered.set()


def test_a_name_that_is_not_found_is_the_resolver_s_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(socket.gaierror):
        resolve("hooks.example", Deadline.after(60))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "closed the connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not HTTP"),
        (b"HTTP/1.1 999999 x\r\n\r\n", "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "too many headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, "too large"),
    ],
)
def test_an_invalid_response_is_explained(answer: bytes, says: str) -> None:
    with pytest.raises((OSError, HTTPException)) as failed:
        send(Receiver(Clock(), answer))

    assert says in explain(failed.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TimeoutError("x"), "within 10 seconds"),
        (ConnectionRefusedError(111, "x"), "refused the connection"),
        (ConnectionResetError(104, "x"), "closed the connection"),
        (BrokenPipeError(32, "x"), "closed the connection"),
        (ssl.SSLError(1, "x"), "TLS"),
        (OSError(101, "Network is unreachable"), "could not be reached"),
    ],
)
def test_a_fault_is_explained_in_plain_words(error: OSError, says: str) -> None:
    assert says in explain(error)


class Hook(BaseHTTPRequestHandler):
    heard: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, dict(self.headers), body))
        self.send_response(307 if self.path == "/away" else 204)
        self.send_header("Location", "https://127.0.0.1/inside")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A server on loopback with a certificate for hooks.example, and an SSL context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem, private)
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.socket = served.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    Hook.heard.clear()
    yield server.server_port, ssl.create_default_context(cafile=str(pem))
    server.shutdown()
    thread.join()
    server.server_close()


def deliver(url: str, receiver: tuple[int, ssl.SSLContext | None], headers: dict[str, str] | None = None) -> int:
    port, trust = receiver
    return post(url, ["127.0.0.1"], headers or {}, b"{}", Deadline.after(60), port=port, context=trust)


def test_a_message_goes_to_the_checked_address_with_its_host_name(
    receiver: tuple[int, ssl.SSLContext],
) -> None:
    port, _ = receiver

    status = deliver("https://hooks.example/in?a=1", receiver, headers={"webhook-id": "m"})

    assert status == 204
    path, headers, body = Hook.heard[0]
    assert (path, headers["Host"], headers["webhook-id"], body) == ("/in?a=1", f"hooks.example:{port}", "m", b"{}")


def test_redirects_are_not_followed(receiver: tuple[int, ssl.SSLContext]) -> None:
    assert deliver("https://hooks.example/away", receiver) == 307
    assert len(Hook.heard) == 1


def test_a_certificate_of_another_name_is_not_trusted(receiver: tuple[int, ssl.SSLContext]) -> None:
    port, trust = receiver

    for url, context in (("https://other.example/", trust), ("https://hooks.example/", None)):
        with pytest.raises(OSError, match="certificate"):
            deliver(url, (port, context))
    assert Hook.heard == []


def test_a_certificate_that_is_not_trusted_is_explained(receiver: tuple[int, ssl.SSLContext]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as failed:
        deliver("https://other.example/", receiver)

    assert "certificate is not valid" in explain(failed.value)
    assert "other.example" in explain(failed.value)


def test_a_receiver_without_tls_times_out_at_the_deadline(receiver: tuple[int, ssl.SSLContext]) -> None:
    """A server that accepts connections and never responds to the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        open_tls("hooks.example", "127.0.0.1", silent.getsockname()[1], receiver[1], Deadline.after(0.05))
