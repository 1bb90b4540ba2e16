"""A server on loopback with the part of S3 that downloads need: lists, sizes, ETags and ranges."""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "models"
LIST = (
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>{}'
    "</ListBucketResult>"
)
ERROR = "<Error><Code>{}</Code><Message>no</Message></Error>"


@dataclass
class LoopbackS3:
    """The objects of one bucket by their keys.

    `cut` is called with the key and the first byte of each GET, and returns after how many bytes the connection
    breaks, or None for all of them. `ranges` counts the requested ranges of each key, `sent` the bytes of its content.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    cut: Callable[[str, int], int | None] = lambda _key, _first: None
    ranges: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    endpoint: str = ""
    bodies: list[Any] = field(default_factory=list)

    def put_folder(self, prefix: str, folder: Path) -> None:
        """Put the files of a folder under a prefix."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.objects[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()

    def client(self) -> "S3Client":
        """Return a client of this server, with one attempt for each request."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, max_pool_connections=32),
        )
        client.meta.events.register("after-call.s3.GetObject", self._keep_body)
        return client

    def close_bodies(self) -> None:
        """Close what clients did not read. s3transfer leaves that to the garbage collection, which warns of it."""
        for body in self.bodies:
            body.close()

    def _keep_body(self, parsed: dict[str, Any], **_: object) -> None:
        if "Body" in parsed:
            self.bodies.append(parsed["Body"])


@contextmanager
def serve_s3() -> Iterator[LoopbackS3]:
    """Serve an empty bucket until the end of the context."""
    bucket = LoopbackS3()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": bucket}))
    bucket.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        bucket.close_bodies()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: LoopbackS3

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if "list-type" in parse_qs(url.query):
            self._list(parse_qs(url.query)["prefix"][0])
        else:
            self._answer(with_body=True)

    def _list(self, prefix: str) -> None:
        rows = (
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.bucket.objects.items())
            if key.startswith(prefix)
        )
        self._send(HTTPStatus.OK, LIST.format("".join(rows)).encode(), {})

    def _answer(self, *, with_body: bool) -> None:
        key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")
        content = self.bucket.objects.get(key)
        if content is None:
            return self._send(HTTPStatus.NOT_FOUND, ERROR.format("NoSuchKey").encode() if with_body else b"", {})
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        if not with_body:
            return self._send(HTTPStatus.OK, b"", {"ETag": etag, "Content-Length": str(len(content))})
        if self.headers.get("If-Match", etag) != etag:
            return self._send(HTTPStatus.PRECONDITION_FAILED, ERROR.format("PreconditionFailed").encode(), {})
        first, part, headers = 0, content, {"ETag": etag}
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first = int(asked[1])
            part = content[first : int(asked[2]) + 1 if asked[2] else None]
            headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        cut = self.bucket.cut(key, first)
        with self.bucket.lock:
            self.bucket.ranges[key] += 1
            self.bucket.sent[key] += len(part)
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        self._send(status, part, headers, cut=cut)
        return None

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str], *, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        if cut is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:cut])

    def log_message(self, *_: object) -> None:
        """Log nothing."""
