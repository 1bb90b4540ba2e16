"""A POST that goes to the address that was looked at, and nowhere else."""

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

LATEST_S = 10.0


class PinnedConnection(HTTPSConnection):
    """TLS with a host, at one of its addresses: the name is not resolved a second time."""

    def __init__(self, host: str, address: str, *, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=LATEST_S, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def resolve(host: str) -> list[str]:
    """A host's addresses; raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]


def post(
    url: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    port: int = 443,
    context: ssl.SSLContext | None = None,
) -> int:
    """The status that the receiver answers; it is led nowhere else. Raises OSError, also for what is no HTTP."""
    parts = urlsplit(url)
    context = context or ssl.create_default_context()
    connection = PinnedConnection(parts.hostname or "", address, port=port, context=context)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except HTTPException as error:
        raise OSError(f"no HTTP: {type(error).__name__}") from None
    finally:
        connection.close()
