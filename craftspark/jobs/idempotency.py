"""Idempotency: an Idempotency-Key names one effect of one maker's, and the request that brought it about.

A key is bound to its maker, the route and the body as it was sent: not to what the body is read as, since a release
may add defaults. The binding is written in one transaction with the effect, so that neither is there without the other.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from craftspark.errors import IdempotencyKeyReused, RequestRefused
from craftspark.jobs.job import job_id_of
from craftspark.parsing import canonical, parse_json

# A key that is older names a new effect, unless the effect has left an entry that lasts longer.
KEY_LIFETIME = timedelta(days=35)

Write = dict[str, Any]  # a part of a transaction
Result = TypeVar("Result")


class EffectExists(Exception):
    """The effect is there already, or its key is bound; nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a request is to bring about once.

    `effect_id` is the same for the same key of a maker. `keyed`: whether the request has a key; one without is one of
    its own.
    """

    maker: str
    effect_id: str
    fingerprint: str
    keyed: bool


class Bindings(Protocol):
    """Where keys are bound to their requests."""

    def writes(self, effect: Effect) -> list[Write]:
        """What binds the key, for the effect's own transaction; nothing for an effect without a key."""

    def is_bound(self, effect: Effect) -> bool:
        """Whether this very request was done before; raises IdempotencyKeyReused where the key came with another."""


def effect_of(maker: str, key: str | None, route: str, body: bytes | str) -> Effect:
    """The effect of a request; raises InvalidInput for a body that is not JSON. No body at all is null."""
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
    """What `act` makes with the key's binding, and True; what is `found` of an earlier same request, and False.

    Raises IdempotencyKeyReused, or what `act` refuses.
    """
    if not bindings.is_bound(effect):
        try:
            return act(bindings.writes(effect)), True
        except EffectExists:
            if not bindings.is_bound(effect):
                raise key_reused("this Idempotency-Key was used for an older request") from None
        except RequestRefused:
            # The same request at the same moment may have used up what this one lacks.
            if not bindings.is_bound(effect):
                raise
    return found(), False
