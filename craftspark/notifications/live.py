"""Live updates: a maker's WebSocket connections, and their messages.

A browser can send a token with a WebSocket handshake only in the URL, where logs would store it. So the HTTP API checks
the token, as always, and returns a ticket for the handshake that can be used once, within seconds.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from craftspark.clock import utc_now
from craftspark.jobs.job import Job, StoredImage

TICKET = re.compile(r"[A-Za-z0-9_-]{32}")
TICKET_GOOD_FOR = timedelta(seconds=60)
MAX_CONNECTION = timedelta(hours=2)  # the limit of API Gateway
# $connect returns before API Gateway knows the connection. Until the handshake is complete, a message to the connection
# gets 410 (gone). The handshake waits for $connect for at most 29 seconds.
HANDSHAKE = timedelta(seconds=30)

Message = Mapping[str, Any]


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


def state_message(job: Job) -> Message:
    """A job started or ended."""
    return {
        "type": "job.state",
        "job_id": job.job_id,
        "state": job.state,
        "delivered": job.delivered,
        "count": job.count,
    }


def deleted_message(job_id: str) -> Message:
    """The maker deleted a job, perhaps in another window."""
    return {"type": "job.deleted", "job_id": job_id}


def image_message(job_id: str, image: StoredImage, thumbnail_url: str) -> Message:
    """An image is done; this is its thumbnail."""
    return {
        "type": "image.done",
        "job_id": job_id,
        "index": image.index,
        "width": image.width,
        "height": image.height,
        "thumbnail_url": thumbnail_url,
    }


def progress_message(job_id: str, batch: int, percent: int) -> Message:
    """The progress of a batch."""
    return {"type": "job.progress", "job_id": job_id, "batch": batch, "percent": percent}
