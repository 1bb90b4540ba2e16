"""Moderation of prompts, before anything is reserved, and of pictures by a service.

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
    """Why a text is refused, as its writer is told, and the words it is about where they are known."""

    reason: str
    words: str = ""


class Moderator(Protocol):
    """Judges words, whatever stands behind it: a list, a model, a service."""

    def objections(self, text: str) -> Sequence[Objection]:
        """Why the text is refused; none where it is not."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A record of a refusal. The words themselves are not kept, their hash is: the same words are told apart."""

    maker: str
    field: str
    text_sha256: str
    objections: tuple[str, ...]
    at: datetime


class Refusals(Protocol):
    """Where refusals are kept for a while, and counted by maker."""

    def add(self, refusal: Refusal) -> None:
        """Keep a record; raises TooManyRequests, and keeps none, while the maker has to wait after earlier ones."""


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """Asks a moderator about each field, and a service where there is one once about all of them.

    `unjudged` says what becomes of words that the service cannot judge: `refuse` them, or `accept` what the moderator
    has accepted. `report_unavailable` hears of either.
    """

    moderator: Moderator
    refusals: Refusals
    service: Moderator | None = None
    unjudged: Literal["accept", "refuse"] = "refuse"
    report_unavailable: Callable[[ModerationUnavailable], None] = lambda _: None

    def check(self, maker: str, words: Mapping[str, str], at: datetime) -> None:
        """Raise PromptRefused that names the field, and keep a record, for words (by field) that are refused.

        Raises TooManyRequests instead where the maker has to wait after earlier refusals: nobody tries words out.
        Raises ModerationUnavailable.
        """
        for field, text in words.items():
            if objections := self.moderator.objections(text):
                self._refuse(maker, field, text, objections, at)
        if self.service and words:
            try:
                self._ask(self.service, maker, words, at)
            except ModerationUnavailable as unavailable:
                self.report_unavailable(unavailable)
                if self.unjudged == "refuse":
                    raise

    def _ask(self, service: Moderator, maker: str, words: Mapping[str, str], at: datetime) -> None:
        """One call on the usual path; which field it is about is asked once it is known that there is one."""
        together = "\n".join(words.values())
        if objections := service.objections(together):
            first, *others = words.items()
            for field, text in (first, *others) if others else ():
                if of_field := service.objections(text):
                    self._refuse(maker, field, text, of_field, at)
            self._refuse(maker, first[0], together, objections, at)

    def _refuse(self, maker: str, field: str, text: str, objections: Sequence[Objection], at: datetime) -> NoReturn:
        reasons = tuple(dict.fromkeys(each.reason for each in objections))
        words = list(dict.fromkeys(each.words for each in objections if each.words))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self.refusals.add(Refusal(maker=maker, field=field, text_sha256=digest, objections=reasons, at=at))
        # The words are a fact beside the detail: details are logged, and a maker's words are not.
        raise PromptRefused(
            f"prompts with {', '.join(reasons)} are not allowed; "
            + ("remove or rephrase the text in `words`" if words else "rephrase the prompt"),
            field=field,
            words=words,
        )


class PictureModerator(Protocol):
    """Judges pictures."""

    def picture_objections(self, jpeg: bytes, *, ours: bool) -> Sequence[Objection]:
        """Why the picture is refused; none where it is not. `ours` was drawn here. Raises ModerationUnavailable."""


@dataclass(frozen=True, kw_only=True)
class PictureModeration:
    """Asks a service about pictures, beside what judges them locally.

    `unjudged` says what becomes of a picture that it cannot judge: `refuse` it, or `accept` it.
    """

    service: PictureModerator
    unjudged: Literal["accept", "refuse"]
    report_unavailable: Callable[[ModerationUnavailable], None]

    def reasons(self, jpeg: bytes, *, ours: bool) -> tuple[str, ...]:
        """What the picture shows that is refused, each once; raises ModerationUnavailable."""
        try:
            objections = self.service.picture_objections(jpeg, ours=ours)
        except ModerationUnavailable as unavailable:
            self.report_unavailable(unavailable)
            if self.unjudged == "refuse":
                raise
            return ()
        return tuple(dict.fromkeys(each.reason for each in objections))
