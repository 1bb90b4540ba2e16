"""Live updates: a maker's WebSocket connections, and their messages.

A browser can send a token with a WebSocket handshake only in the URL, where logs would store it. So the HTTP API checks
the token, as always, and returns a ticket for the handshake that can be used once, within seconds.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from craftspark.clock import utc_now
from craftspark.contracts import Contract
from craftspark.jobs.job import Job, JobState

TICKET = re.compile(r"[A-Za-z0-9_-]{32}")
TICKET_GOOD_FOR = timedelta(seconds=60)
MAX_CONNECTION = timedelta(hours=2)  # the limit of API Gateway
# $connect returns before API Gateway knows the connection. Until the handshake is complete, a message to the connection
# gets 410 (gone). The handshake waits for $connect for at most 29 seconds.
HANDSHAKE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Update(Contract):
    """A message to a connection: the fields, and `kind` as `type`. web/client/live.ts has the same shapes."""

    kind: ClassVar[str]

    job_id: str

    def to_json(self) -> dict[str, Any]:
        return {"type": self.kind, **super().to_json()}

    def to_text(self) -> str:
        return json.dumps(self.to_json())


@dataclass(frozen=True, kw_only=True)
class StateUpdate(Update):
    """A job started or ended."""

    kind: ClassVar[str] = "job.state"

    state: JobState
    delivered: int
    count: int

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(job_id=job.job_id, state=job.state, delivered=job.delivered, count=job.count)


@dataclass(frozen=True, kw_only=True)
class ProgressUpdate(Update):
    """The progress of a batch."""

    kind: ClassVar[str] = "job.progress"

    batch: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class ImageUpdate(Update):
    """An image is done; this is its thumbnail."""

    kind: ClassVar[str] = "image.done"

    index: int
    width: int
    height: int
    thumbnail_url: str


@dataclass(frozen=True, kw_only=True)
class DeletionUpdate(Update):
    """The maker deleted the job, perhaps in another window."""

    kind: ClassVar[str] = "job.deleted"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open connection of a maker."""

    connection_id: str
    connected_at: datetime

    def is_young(self, now: datetime) -> bool:
        """Whether its handshake may still be in progress."""
        return now - self.connected_at < HANDSHAKE


class Connections(Protocol):
    """Stores tickets and connections."""

    def add_ticket(self, digest: str, maker: str, expires_at: datetime) -> None: ...

    def take_ticket(self, digest: str, now: datetime) -> str | None:
        """Use up a ticket and return its maker, or None if the ticket is not valid."""

    def add(self, connection: str, maker: str, connected_at: datetime) -> None: ...

    def drop(self, connection: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Live:
    """Issues tickets, and accepts connections with a ticket."""

    connections: Connections
    now: Callable[[], datetime] = utc_now

    def ticket(self, maker: str) -> str:
        """A new ticket for the maker. Only its hash is stored."""
        ticket = secrets.token_urlsafe(24)
        self.connections.add_ticket(digest_of(ticket), maker, self.now() + TICKET_GOOD_FOR)
        return ticket

    def connect(self, connection: str, ticket: str) -> str | None:
        """Register the connection and return its maker, or None if the ticket is not valid."""
        if not TICKET.fullmatch(ticket):
            return None
        maker = self.connections.take_ticket(digest_of(ticket), self.now())
        if maker is not None:
            self.connections.add(connection, maker, self.now())
        return maker


def digest_of(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
