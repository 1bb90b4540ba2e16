"""Moderation of prompts, before anything is reserved. What a picture is to be kept free of is not looked at."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.errors import PromptRefused


class Moderator(Protocol):
    """Judges words, whatever stands behind it: a list, a model, a service."""

    def objections(self, text: str) -> Sequence[str]:
        """Why the text is refused, in words that its writer may be told; none where it is not."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A record of a refusal. The words themselves are not kept, their hash is: the same words are told apart."""

    maker: str
    field: str
    text_sha256: str
    objections: tuple[str, ...]
    at: datetime


class Refusals(Protocol):
    """Where refusals are kept for a while."""

    def add(self, refusal: Refusal) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """Asks one moderator after the other; the first that objects is enough."""

    moderators: Sequence[Moderator]
    refusals: Refusals

    def check(self, maker: str, words: Mapping[str, str], at: datetime) -> None:
        """Raise PromptRefused that names the field, and keep a record, for words (by field) that are refused."""
        for field, text in words.items():
            for moderator in self.moderators:
                if objections := tuple(moderator.objections(text)):
                    digest = hashlib.sha256(text.encode()).hexdigest()
                    self.refusals.add(
                        Refusal(maker=maker, field=field, text_sha256=digest, objections=objections, at=at)
                    )
                    raise PromptRefused(
                        f"we make no pictures of this: {', '.join(objections)}; say it in other words", field=field
                    )
