"""Webhooks: a partner's own server is told how its jobs ended, signed by Standard Webhooks (standardwebhooks.com)."""

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Protocol
from urllib.parse import urlsplit

from craftspark.errors import CraftsparkError, InvalidInput, PlanExceeded
from craftspark.plans import Plan
from craftspark.submissions import utc_now

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every Standard Webhooks secret begins with
LONGEST_URL = 1000
# After a rotation both secrets sign, so that a receiver changes over when it likes within this time.
OLD_SECRET_GOOD_FOR = timedelta(hours=24)
# Seconds until the next try, after each failure; then the message is a dead letter.
BACKOFF_S = (5, 30, 120, 600, 3600, 3 * 3600, 10 * 3600)

# IPv6 addresses that a gateway translates to IPv4 ones, whichever these are (RFC 6052, RFC 8215).
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))

Resolve = Callable[[str], Iterable[str]]  # a host's addresses; raises OSError


class TargetRefused(CraftsparkError):
    """A webhook's address leads to where we do not send."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An endpoint of a maker's. `old_secret` signs beside the present one until `old_until`."""

    maker: str
    webhook_id: str
    url: str
    secret: str
    created_at: datetime
    old_secret: str | None = None
    old_until: datetime | None = None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now."""
        old = self.old_secret if self.old_until and now < self.old_until else None
        return (self.secret, *([old] if old else []))


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One try to deliver a message. `status` is the receiver's, `error` why there was none."""

    webhook_id: str
    message_id: str
    attempt: int
    at: datetime
    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookBook(Protocol):
    """Where webhooks are kept."""

    def of(self, maker: str) -> Sequence[Webhook]: ...

    def put(self, webhook: Webhook) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """Registers endpoints and rotates their secrets."""

    book: WebhookBook
    resolve: Resolve
    now: Callable[[], datetime] = utc_now

    def register(self, maker: str, plan: Plan, webhook_id: str, url: str) -> Webhook:
        """A webhook with a new secret; the same again for the same id. Raises InvalidInput or PlanExceeded."""
        there = {webhook.webhook_id: webhook for webhook in self.book.of(maker)}
        if webhook_id in there:
            return there[webhook_id]
        if len(there) >= plan.webhooks:
            raise PlanExceeded(f"the plan {plan.title} has {plan.webhooks} webhooks", plan=plan.name)
        try:
            addresses_of(url, self.resolve)
        except TargetRefused as refused:
            raise InvalidInput(refused.detail, field="url") from None
        webhook = Webhook(maker=maker, webhook_id=webhook_id, url=url, secret=new_secret(), created_at=self.now())
        self.book.put(webhook)
        return webhook

    def rotate(self, webhook: Webhook) -> Webhook:
        """The webhook with a new secret; the present one is good for a while."""
        rotated = replace(
            webhook,
            secret=new_secret(),
            old_secret=webhook.secret,
            old_until=(self.now() + OLD_SECRET_GOOD_FOR).replace(microsecond=0),
        )
        self.book.put(rotated)
        return rotated


def new_secret() -> str:
    return SECRET_PREFIX + b64encode(secrets.token_bytes(24)).decode()


def addresses_of(url: str, resolve: Resolve) -> list[str]:
    """Where a webhook's address leads now; raises TargetRefused for what is not https to the public internet.

    All of a host's addresses have to be public: whoever owns the name could lead the next request to another.
    """
    if len(url) > LONGEST_URL:
        raise TargetRefused(f"the address has more than {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        raise TargetRefused("this is no address") from None
    if parts.scheme != "https" or not host or parts.username or parts.password or parts.fragment:
        raise TargetRefused("the address is https://host/path, without a user, password or fragment")
    if port != 443:
        raise TargetRefused("the address is at port 443")
    try:
        addresses = sorted(set(resolve(host)))
    except (OSError, UnicodeError):
        raise TargetRefused(f"the host {host} is not found") from None
    if not addresses or not all(is_public(address) for address in addresses):
        raise TargetRefused(f"the host {host} is not on the public internet")
    return addresses


def is_public(address: str) -> bool:
    """Not private, loopback, link-local, shared, reserved, multicast, nor one of these inside an IPv6 address."""
    parsed = ip_address(address.partition("%")[0])
    inside = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    if inside is not None:
        return is_public(str(inside))
    if getattr(parsed, "teredo", None) or any(parsed in network for network in TRANSLATED):
        return False
    return parsed.is_global and not parsed.is_multicast


def headers_of(webhook: Webhook, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """What signs a message: its id stays the same with each try, the moment is that of this one."""
    seconds = str(int(now.timestamp()))
    signed = f"{message_id}.{seconds}.".encode() + body
    signatures = (
        "v1," + b64encode(hmac.digest(b64decode(secret.removeprefix(SECRET_PREFIX)), signed, "sha256")).decode()
        for secret in webhook.secrets(now)
    )
    return {
        "Content-Type": "application/json",
        "User-Agent": "Craftspark",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }


def body_of(event: Mapping[str, Any], at: str) -> bytes:
    """A settled job as a message: its id and how it ended, nothing that was drawn or written."""
    data = {name: event[name] for name in ("job_id", "tool", "state", "delivered", "requested")}
    return json.dumps({"type": "job.settled", "timestamp": at, "data": data}, separators=(",", ":")).encode()


def backoff_s(attempt: int) -> int:
    """Until the next try, after this one failed (1 is the first)."""
    return BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
