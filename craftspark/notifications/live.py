"""Live updates: which connections are a maker's, and what they are told.

A browser cannot send a token with a WebSocket's handshake but in its address, where logs would keep it. So the token
is checked where all tokens are, by the HTTP API, and the handshake brings a ticket that is good once, for seconds.
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
MAX_CONNECTION = timedelta(hours=2)  # of API Gateway
# $connect has answered before API Gateway knows the connection: until the handshake is over, a push is told that the
# connection is gone (410). The handshake waits for $connect for 29 seconds at most.
HANDSHAKE = timedelta(seconds=30)

Message = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open connection of a maker's."""

    connection_id: str
    connected_at: datetime

    def is_young(self, now: datetime) -> bool:
        """Whether its handshake may not be over yet."""
        return now - self.connected_at < HANDSHAKE


class Connections(Protocol):
    """Where tickets and connections are kept."""

    def add_ticket(self, digest: str, maker: str, expires_at: datetime) -> None: ...

    def take_ticket(self, digest: str, now: datetime) -> str | None:
        """The maker of a ticket that is good, which it is not any more; None for one that is not."""

    def add(self, connection: str, maker: str, connected_at: datetime) -> None: ...

    def drop(self, connection: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Live:
    """Tickets for connections, and connections for tickets."""

    connections: Connections
    now: Callable[[], datetime] = utc_now

    def ticket(self, maker: str) -> str:
        """A new ticket of the maker's; only its hash is kept."""
        ticket = secrets.token_urlsafe(24)
        self.connections.add_ticket(digest_of(ticket), maker, self.now() + TICKET_GOOD_FOR)
        return ticket

    def connect(self, connection: str, ticket: str) -> str | None:
        """The maker whose connection it is from now on; None for a ticket that is not good."""
        if not TICKET.fullmatch(ticket):
            return None
        maker = self.connections.take_ticket(digest_of(ticket), self.now())
        if maker is not None:
            self.connections.add(connection, maker, self.now())
        return maker


def digest_of(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def state_message(job: Job) -> Message:
    """A job began, or ended."""
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
    """An image is done, and this is how it looks."""
    return {
        "type": "image.done",
        "job_id": job_id,
        "index": image.index,
        "width": image.width,
        "height": image.height,
        "thumbnail_url": thumbnail_url,
    }


def progress_message(job_id: str, batch: int, percent: int) -> Message:
    """How far a batch has come."""
    return {"type": "job.progress", "job_id": job_id, "batch": batch, "percent": percent}
