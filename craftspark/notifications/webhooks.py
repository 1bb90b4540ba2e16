"""Webhooks: a partner's own server is told how its jobs ended, signed by Standard Webhooks (standardwebhooks.com)."""

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from craftspark.accounts.plans import Plan
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, InvalidInput, PlanExceeded
from craftspark.jobs.idempotency import EffectExists, Write
from craftspark.notifications.webhook_urls import Resolve, TargetRefused, ToAscii, addresses_of, host_of, normalise_url

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every Standard Webhooks secret begins with
# After a rotation both secrets sign, so that a receiver changes over when it likes within this time.
CHANGED = "another request changed your webhooks at the same time; send this request again"
OLD_SECRET_GOOD_FOR = timedelta(hours=24)
# Seconds until the next try, after each failure; then the message is a dead letter.
BACKOFF_S = (5, 30, 120, 600, 3600, 3 * 3600, 10 * 3600)
TRIES = 5  # to register a webhook while others of the maker's change
MAX_ATTEMPTS = len(BACKOFF_S) + 1


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
class Message:
    """What one webhook is to be told. `attempt` is the number of the next try, `due` its moment.

    Both travel with the message, so that it waits between two tries in a queue and in nobody's hands.
    """

    maker: str
    webhook_id: str
    message_id: str
    body: str
    due: datetime
    attempt: int = 1

    def after(self, failure: "Delivery") -> "Message | None":
        """The message with its next try; None once there were MAX_ATTEMPTS."""
        if self.attempt >= MAX_ATTEMPTS:
            return None
        return replace(self, attempt=self.attempt + 1, due=failure.at + timedelta(seconds=BACKOFF_S[self.attempt - 1]))

    def restart(self, now: datetime) -> "Message":
        """The message as if it had not been tried yet."""
        return replace(self, attempt=1, due=now)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One try to deliver a message. `status` is the receiver's, `error` why the message counts as not delivered."""

    webhook_id: str
    message_id: str
    attempt: int
    at: datetime
    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        return self.status is not None and fault_of(self.status) is None


class WebhooksChanged(Exception):
    """The maker's webhooks changed since they were read: a new one would be one too many, or have another's URL."""


class WebhookRecords(Protocol):
    """Where webhooks are kept."""

    def of(self, maker: str) -> Sequence[Webhook]:
        """The maker's webhooks, as they are now."""

    def put(self, webhook: Webhook, also: Sequence[Write] = (), *, max_webhooks: int) -> None:
        """Write a new webhook in one transaction with the writes in `also`.

        Raises WebhooksChanged if the maker has `max_webhooks` webhooks or one with the same URL, EffectExists if the
        webhook or one of the other writes exists already.
        """

    def replace(self, webhook: Webhook, also: Sequence[Write] = (), *, secret: str) -> None:
        """Write a webhook that is there and has this secret, and what else belongs to it.

        Raises WebhookNotFound, AccountContended where it has another secret by now, or EffectExists.
        """


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """Registers endpoints and rotates their secrets."""

    records: WebhookRecords
    resolve: Resolve
    to_ascii: ToAscii
    now: Callable[[], datetime] = utc_now

    def register(self, maker: str, plan: Plan, webhook_id: str, url: str, also: Sequence[Write] = ()) -> Webhook:
        """A webhook with a new secret. Raises EffectExists for an id that is there, InvalidInput, PlanExceeded or
        AccountContended.

        The URL is normalised; one that the maker has registered already is refused, else each message would come twice.
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
        """The URL in its normal form; raises InvalidInput where it leads to no public host."""
        try:
            normal = normalise_url(url, self.to_ascii)
            addresses_of(host_of(normal), self.resolve)
        except TargetRefused as refused:
            raise InvalidInput(str(refused), field="url") from None
        return normal

    def rotate(self, webhook: Webhook, also: Sequence[Write] = ()) -> Webhook:
        """The webhook with a new secret; the present one is good for a while.

        Raises WebhookNotFound, EffectExists, or AccountContended where another rotation came first.
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


def message_of(webhook: Webhook, event: Mapping[str, Any], at: str) -> Message:
    """What a webhook is told of a settled job. The same event told twice is the same message, which is sent once."""
    return Message(
        maker=webhook.maker,
        webhook_id=webhook.webhook_id,
        message_id=f"msg_{event['job_id']}_{webhook.webhook_id}",
        body=body_of(event, at).decode(),
        due=datetime.fromisoformat(at),
    )


def fault_of(status: int) -> str | None:
    """Why an answer with this status is no delivery; None where it is one."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"the endpoint returned {status}; redirects are not followed, use the URL of their target"
    return f"the endpoint returned {status}; it must return a status from 200 to 299"
