"""Moderation of prompts before a reservation, and of pictures by a service.

Negative prompts are not moderated.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn, Protocol

from craftspark.errors import ModerationUnavailable, PromptRefused


@dataclass(frozen=True, kw_only=True)
class Objection:
    """A reason to refuse a text, as its writer sees it, and the words that it is about, if known."""

    reason: str
    words: str = ""


class Moderator(Protocol):
    """Moderates texts, with a list, a model or a service."""

    def objections(self, text: str) -> Sequence[Objection]:
        """The reasons to refuse the text; empty if it is accepted."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A record of a refusal. It has a hash instead of the text, so repeated texts can be recognised."""

    maker: str
    field: str
    text_sha256: str
    objections: tuple[str, ...]
    at: datetime


class Refusals(Protocol):
    """Stores refusals for a while and counts them by maker."""

    def add(self, refusal: Refusal) -> None:
        """Store a refusal. While the maker is on hold, stores nothing and raises TooManyRequests."""


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """Checks each field with a moderator, and all fields together with a service, if there is one.

    `fallback` says what happens to a text while the service is unavailable: `refuse` it, or `accept` it if the
    moderator accepted it. `report_unavailable` is called in both cases.
    """

    moderator: Moderator
    refusals: Refusals
    service: Moderator | None = None
    fallback: Literal["accept", "refuse"] = "refuse"
    report_unavailable: Callable[[ModerationUnavailable], None] = lambda _: None

    def check(self, maker: str, words: Mapping[str, str], at: datetime) -> None:
        """Check the words by field. For refused words, store a refusal and raise PromptRefused with the field.

        Raises TooManyRequests while the maker is on hold after earlier refusals, so makers cannot probe words. Raises
        ModerationUnavailable.
        """
        for field, text in words.items():
            if objections := self.moderator.objections(text):
                self._refuse(maker, field, text, objections, at)
        if self.service and words:
            try:
                self._ask(self.service, maker, words, at)
            except ModerationUnavailable as unavailable:
                self.report_unavailable(unavailable)
                if self.fallback == "refuse":
                    raise

    def _ask(self, service: Moderator, maker: str, words: Mapping[str, str], at: datetime) -> None:
        """Ask the service once in the usual case. Fields are checked one by one only if the service objects."""
        together = "\n".join(words.values())
        if objections := service.objections(together):
            first, *others = words.items()
            for field, text in (first, *others) if others else ():
                if of_field := service.objections(text):
                    self._refuse(maker, field, text, of_field, at)
            self._refuse(maker, first[0], together, objections, at)

    def _refuse(self, maker: str, field: str, text: str, objections: Sequence[Objection], at: datetime) -> NoReturn:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        reasons = _reasons_of(objections)
        self.refusals.add(Refusal(maker=maker, field=field, text_sha256=digest, objections=reasons, at=at))
        raise refusal_of(field, objections)


def refusal_of(field: str, objections: Sequence[Objection]) -> PromptRefused:
    """The error for refused words in a field: a prompt, or another text of a maker or a visitor."""
    words = list(dict.fromkeys(each.words for each in objections if each.words))
    # The words are not part of the detail, because details are logged and words are not.
    return PromptRefused(
        f"texts with {', '.join(_reasons_of(objections))} are not allowed; "
        + ("remove or rephrase the text in `words`" if words else "rephrase the text"),
        field=field,
        words=words,
    )


def _reasons_of(objections: Sequence[Objection]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.reason for each in objections))


class PictureModerator(Protocol):
    """Moderates pictures."""

    def picture_objections(self, jpeg: bytes, *, ours: bool) -> Sequence[Objection]:
        """The reasons to refuse the picture; `ours` is true if it was drawn here. Raises ModerationUnavailable."""


@dataclass(frozen=True, kw_only=True)
class PictureModeration:
    """Checks pictures with a service, in addition to the local checks.

    `fallback` says what happens to a picture while the service is unavailable: `refuse` or `accept` it.
    """

    service: PictureModerator
    fallback: Literal["accept", "refuse"]
    report_unavailable: Callable[[ModerationUnavailable], None]

    def reasons(self, jpeg: bytes, *, ours: bool) -> tuple[str, ...]:
        """The distinct reasons to refuse the picture. Raises ModerationUnavailable."""
        try:
            objections = self.service.picture_objections(jpeg, ours=ours)
        except ModerationUnavailable as unavailable:
            self.report_unavailable(unavailable)
            if self.fallback == "refuse":
                raise
            return ()
        return tuple(dict.fromkeys(each.reason for each in objections))
