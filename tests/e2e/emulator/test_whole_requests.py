"""A client that sends its headers and its body apart gets its answer, and keeps its connection."""

import http.client
from urllib.parse import urlsplit

import pytest

from local_cloud.emulator.alarms import clock
from local_cloud.launcher.aws_clients import Clients
from local_cloud.quotas import USE_PATH
from tests.e2e.front_end import HTTP

BODY = b"{}"


@pytest.mark.parametrize("path", [USE_PATH, clock.PATH, "/no-such-bucket/key"])
def test_a_body_that_comes_after_the_headers_were_handled(aws: Clients, path: str) -> None:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    try:
        for _ in range(2):  # the second time on the same connection
            connection.putrequest("PUT", path)
            connection.putheader("Content-Length", str(len(BODY)))
            connection.endheaders()
            HTTP.get(aws.endpoint + USE_PATH).raise_for_status()  # by now, the emulator has seen the headers
            connection.send(BODY)
            answer = connection.getresponse()
            answer.read()
            assert answer.getheader("connection") is None
            assert connection.sock is not None
            connection.auto_open = False
    finally:
        connection.close()
