"""Webhooks: where they may lead, and how they are signed."""

import json
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook as Receiver

from craftspark.errors import InvalidInput, PlanExceeded
from craftspark.plans import find_plan
from craftspark.webhooks import (
    BACKOFF_S,
    OLD_SECRET_GOOD_FOR,
    TargetRefused,
    Webhook,
    Webhooks,
    addresses_of,
    backoff_s,
    body_of,
    headers_of,
    is_public,
)
from lambdas.posting import post

PARTNER = find_plan("partner")
PUBLIC = "93.184.216.34"


class Book:
    def __init__(self) -> None:
        self.kept: dict[str, Webhook] = {}

    def of(self, maker: str) -> list[Webhook]:
        return [webhook for webhook in self.kept.values() if webhook.maker == maker]

    def put(self, webhook: Webhook) -> None:
        self.kept[webhook.webhook_id] = webhook


def webhooks(address: str = PUBLIC) -> Webhooks:
    return Webhooks(book=Book(), resolve=lambda _: [address])


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
    ],
)
def test_no_address_inside_is_public(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(TargetRefused):
        addresses_of("https://example.com/hook", lambda _: [PUBLIC, address])


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https://user:pass@example.com/",
        "https://example.com:8443/",
        "https://example.com:99999/",
        "https://example.com/#part",
        "https://[::1/",
        "example.com",
        "",
        "https://example.com/" + "x" * 1000,
    ],
)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        webhooks().register("maker-1", PARTNER, "w1", url)
    assert refused.value.field == "url"


def test_a_host_that_is_not_found_is_refused() -> None:
    def nowhere(host: str) -> list[str]:
        raise socket.gaierror("not known")

    with pytest.raises(InvalidInput):
        Webhooks(book=Book(), resolve=nowhere).register("maker-1", PARTNER, "w1", "https://example.invalid/")


def test_a_registration_is_the_same_again_and_bounded_by_the_plan() -> None:
    there = webhooks()
    first = there.register("maker-1", PARTNER, "w0", "https://example.com/")

    assert there.register("maker-1", PARTNER, "w0", "https://example.com/") == first
    for number in range(1, PARTNER.webhooks):
        there.register("maker-1", PARTNER, f"w{number}", "https://example.com/")
    with pytest.raises(PlanExceeded):
        there.register("maker-1", PARTNER, "one more", "https://example.com/")
    with pytest.raises(PlanExceeded):
        there.register("maker-2", find_plan("free"), "w", "https://example.com/")


def test_signatures_are_the_standard_s_also_through_a_rotation() -> None:
    there = webhooks()
    first = there.register("maker-1", PARTNER, "w", "https://example.com/")
    second = there.rotate(first)
    body = body_of(
        {"job_id": "j", "maker": "m", "tool": "picture", "state": "succeeded", "delivered": 1, "requested": 1},
        "2030-01-01T00:00:00Z",
    )
    now = datetime.now(UTC)

    for webhook, secret in ((first, first.secret), (second, first.secret), (second, second.secret)):
        headers = headers_of(webhook, "msg_1", body, now)
        assert Receiver(secret).verify(body, headers)["type"] == "job.settled"
    later = now + OLD_SECRET_GOOD_FOR + timedelta(seconds=1)
    assert len(headers_of(second, "msg_1", body, later)["webhook-signature"].split()) == 1
    assert len(b64decode(first.secret.removeprefix("whsec_"))) == 24
    assert "maker" not in json.loads(body)["data"]


def test_tries_come_later_and_later() -> None:
    waits = [backoff_s(attempt) for attempt in range(1, 12)]

    assert waits == sorted(waits)
    assert waits[-1] == BACKOFF_S[-1] <= 12 * 3600  # the longest that SQS hides a message


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
    """A server on loopback with a certificate for hooks.example, and what trusts it."""
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
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Hook.heard.clear()
    yield server.server_port, ssl.create_default_context(cafile=str(pem))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_goes_to_the_address_that_was_looked_at_under_its_name(
    receiver: tuple[int, ssl.SSLContext],
) -> None:
    port, trust = receiver

    status = post("https://hooks.example/in?a=1", "127.0.0.1", {"webhook-id": "m"}, b"{}", port=port, context=trust)

    assert status == 204
    path, headers, body = Hook.heard[0]
    assert (path, headers["Host"], headers["webhook-id"], body) == ("/in?a=1", f"hooks.example:{port}", "m", b"{}")


def test_nobody_is_led_elsewhere(receiver: tuple[int, ssl.SSLContext]) -> None:
    port, trust = receiver

    assert post("https://hooks.example/away", "127.0.0.1", {}, b"{}", port=port, context=trust) == 307
    assert len(Hook.heard) == 1


def test_a_certificate_of_another_name_is_not_trusted(receiver: tuple[int, ssl.SSLContext]) -> None:
    port, trust = receiver

    for url, context in (("https://other.example/", trust), ("https://hooks.example/", None)):
        with pytest.raises(OSError, match="certificate"):
            post(url, "127.0.0.1", {}, b"{}", port=port, context=context)
    assert Hook.heard == []
