"""Webhooks: signed notifications of settled jobs to a partner's server, by Standard Webhooks (standardwebhooks.com)."""

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from craftspark.accounts.plans import Plan
from craftspark.clock import utc_now
from craftspark.contracts import Contract
from craftspark.errors import AccountContended, InvalidInput, PlanExceeded
from craftspark.jobs.endings import JobSettled
from craftspark.jobs.idempotency import EffectExists, Write
from craftspark.notifications.webhook_urls import Resolve, TargetRefused, ToAscii, addresses_of, host_of, normalise_url

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every Standard Webhooks secret
# After a rotation both secrets sign for this time, so that a receiver can switch at any time within it.
CHANGED = "another request changed your webhooks at the same time; send this request again"
OLD_SECRET_GOOD_FOR = timedelta(hours=24)
# Seconds until the next attempt, after each failure. After the last one the message goes to the dead-letter queue.
BACKOFF_S = (5, 30, 120, 600, 3600, 3 * 3600, 10 * 3600)
TRIES = 5  # attempts to register a webhook while the maker's other webhooks change
MAX_ATTEMPTS = len(BACKOFF_S) + 1
# An attempt that has no result after this time will have none: its function has ended.
ATTEMPT_LASTS = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A maker's endpoint. `old_secret` signs in addition to `secret` until `old_until`."""

    maker: str
    webhook_id: str
    url: str
    secret: str
    created_at: datetime
    old_secret: str | None = None
    old_until: datetime | None = None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at this time."""
        old = self.old_secret if self.old_until and now < self.old_until else None
        return (self.secret, *([old] if old else []))


@dataclass(frozen=True, kw_only=True)
class Message(Contract):
    """A message for one webhook, in the delivery queue. `attempt` is the number of the next attempt, `due` its time.

    Both are part of the message, so it waits between attempts in a queue and occupies no function.
    """

    maker: str
    webhook_id: str
    message_id: str
    body: str
    due: datetime
    attempt: int = 1

    def after(self, failure: "Delivery") -> "Message | None":
        """The message for the next attempt, or None after MAX_ATTEMPTS attempts."""
        if self.attempt >= MAX_ATTEMPTS:
            return None
        return replace(self, attempt=self.attempt + 1, due=failure.at + timedelta(seconds=BACKOFF_S[self.attempt - 1]))

    def restart(self, now: datetime) -> "Message":
        """The message with its attempts reset."""
        return replace(self, attempt=1, due=now)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One delivery attempt. `status` is the receiver's HTTP status, `error` the reason for a failed delivery."""

    webhook_id: str
    message_id: str
    attempt: int
    at: datetime
    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        return self.status is not None and fault_of(self.status) is None


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """An attempt that was made before. `followed` says that the message for the next one, or the dead letter,
    is sent."""

    delivery: Delivery
    followed: bool


class AttemptInProgress(Exception):
    """Another copy of the message is being delivered."""


class WebhooksChanged(Exception):
    """The maker's webhooks changed since they were read: a new one would exceed the limit or duplicate a URL."""


class WebhookRecords(Protocol):
    """Stores webhooks."""

    def of(self, maker: str) -> Sequence[Webhook]:
        """The maker's webhooks, read consistently."""

    def put(self, webhook: Webhook, also: Sequence[Write] = (), *, max_webhooks: int) -> None:
        """Write a new webhook in one transaction with the writes in `also`.

        Raises WebhooksChanged if the maker has `max_webhooks` webhooks or one with the same URL, EffectExists if the
        webhook or one of the other writes exists already.
        """

    def replace(self, webhook: Webhook, also: Sequence[Write] = (), *, secret: str) -> None:
        """Replace a webhook that has this secret, in one transaction with the writes in `also`.

        Raises WebhookNotFound, AccountContended if its secret changed, or EffectExists.
        """


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """Registers endpoints and rotates their secrets."""

    records: WebhookRecords
    resolve: Resolve
    to_ascii: ToAscii
    now: Callable[[], datetime] = utc_now

    def register(self, maker: str, plan: Plan, webhook_id: str, url: str, also: Sequence[Write] = ()) -> Webhook:
        """A webhook with a new secret. Raises EffectExists if the id exists, InvalidInput, PlanExceeded or
        AccountContended.

        The URL is normalised. A URL that the maker has registered already is rejected, because each message would be
        sent twice.
        """
        normal = ""
        for _ in range(TRIES):
            there = {webhook.webhook_id: webhook for webhook in self.records.of(maker)}
            if webhook_id in there:
                raise EffectExists(f"the webhook {webhook_id} was registered before")
            if len(there) >= plan.webhooks:
                raise PlanExceeded(f"the plan {plan.title} allows {plan.webhooks} webhooks", plan=plan.name)
            normal = normal or self._reachable(url)
            for webhook in there.values():
                if webhook.url == normal:
                    raise InvalidInput(
                        f"webhook {webhook.webhook_id} already has the URL {normal}; delete that webhook first or "
                        "rotate its secret",
                        field="url",
                    )
            new = Webhook(maker=maker, webhook_id=webhook_id, url=normal, secret=new_secret(), created_at=self.now())
            try:
                self.records.put(new, also, max_webhooks=plan.webhooks)
            except WebhooksChanged:
                continue
            return new
        raise AccountContended(CHANGED)

    def _reachable(self, url: str) -> str:
        """The normalised URL. Raises InvalidInput if its host is not public."""
        try:
            normal = normalise_url(url, self.to_ascii)
            addresses_of(host_of(normal), self.resolve)
        except TargetRefused as refused:
            raise InvalidInput(str(refused), field="url") from None
        return normal

    def rotate(self, webhook: Webhook, also: Sequence[Write] = ()) -> Webhook:
        """The webhook with a new secret. The previous secret stays valid for a while.

        Raises WebhookNotFound, EffectExists, or AccountContended if another rotation came first.
        """
        rotated = replace(
            webhook,
            secret=new_secret(),
            old_secret=webhook.secret,
            old_until=(self.now() + OLD_SECRET_GOOD_FOR).replace(microsecond=0),
        )
        self.records.replace(rotated, also, secret=webhook.secret)
        return rotated


def new_secret() -> str:
    return SECRET_PREFIX + b64encode(secrets.token_bytes(24)).decode()


def headers_of(webhook: Webhook, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The signature headers. The message id is the same for each attempt; the timestamp is that of this attempt."""
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


def body_of(settled: JobSettled, at: str) -> bytes:
    """The message body for a settled job: its id and result, without its images or prompts."""
    data = {
        "job_id": settled.job_id,
        "tool": settled.tool,
        "state": settled.state,
        "delivered": settled.delivered,
        "requested": settled.requested,
    }
    return json.dumps({"type": "job.settled", "timestamp": at, "data": data}, separators=(",", ":")).encode()


def message_of(webhook: Webhook, settled: JobSettled, at: str) -> Message:
    """The message for a settled job. The same event gives the same message, which is sent once."""
    return Message(
        maker=webhook.maker,
        webhook_id=webhook.webhook_id,
        message_id=f"msg_{settled.job_id}_{webhook.webhook_id}",
        body=body_of(settled, at).decode(),
        due=datetime.fromisoformat(at),
    )


def fault_of(status: int) -> str | None:
    """Why a response with this status is not a delivery, or None if it is one."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"the endpoint returned {status}; redirects are not followed, use the URL of their target"
    return f"the endpoint returned {status}; it must return a status from 200 to 299"
