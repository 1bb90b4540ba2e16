"""Idempotency: an Idempotency-Key identifies one effect of one maker, and the request for it.

A key is bound to its maker, the route and the body as sent. The parsed body is not used, because a release can add
defaults. The binding and the effect are written in one transaction, so neither exists without the other.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from craftspark.errors import IdempotencyKeyReused, RequestRefused
from craftspark.jobs.job import job_id_of
from craftspark.parsing.json_values import canonical, parse_json

# An older key identifies a new effect, unless the effect has left an entry that lasts longer.
KEY_LIFETIME = timedelta(days=35)

Write = dict[str, Any]  # a part of a transaction
Result = TypeVar("Result")


class EffectExists(Exception):
    """The effect exists or its key is bound. Nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of a request, which must happen once.

    `effect_id` is the same for the same key of a maker. `keyed` is true if the request has a key. Each request without
    a key has its own effect.
    """

    maker: str
    effect_id: str
    fingerprint: str
    keyed: bool


class Bindings(Protocol):
    """Stores which request each key is bound to."""

    def writes(self, effect: Effect) -> list[Write]:
        """The writes that bind the key, for the transaction of the effect. Empty for an effect without a key."""

    def is_bound(self, effect: Effect) -> bool:
        """Whether this request was made before. Raises IdempotencyKeyReused if the key was used with a different
        request.
        """


def effect_of(maker: str, key: str | None, route: str, body: bytes | str) -> Effect:
    """The effect of a request. Raises InvalidInput for a body that is not JSON. An empty body counts as null."""
    value = parse_json(body, "body") if body.strip() else None
    return Effect(
        maker=maker,
        effect_id=job_id_of(maker, uuid4().hex if key is None else key),
        fingerprint=hashlib.sha256(f"{route}\n{canonical(value)}".encode()).hexdigest(),
        keyed=key is not None,
    )


def key_reused(detail: str = "this Idempotency-Key was used with another request") -> IdempotencyKeyReused:
    return IdempotencyKeyReused(f"{detail}; use a new key for a new request", field="Idempotency-Key")


def run_once(
    effect: Effect, bindings: Bindings, act: Callable[[Sequence[Write]], Result], found: Callable[[], Result]
) -> tuple[Result, bool]:
    """The result of `act` and True, or the result of `found` and False if the same request was made before.

    `act` receives the writes that bind the key. Raises IdempotencyKeyReused, or an error from `act`.
    """
    if not bindings.is_bound(effect):
        try:
            return act(bindings.writes(effect)), True
        except EffectExists:
            if not bindings.is_bound(effect):
                raise key_reused("this Idempotency-Key was used for an older request") from None
        except RequestRefused:
            # A concurrent copy of this request may have used the credits that this one lacks.
            if not bindings.is_bound(effect):
                raise
    return found(), False
