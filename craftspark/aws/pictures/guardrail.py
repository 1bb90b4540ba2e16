"""AWS services that moderate: a Bedrock guardrail, or Amazon Comprehend for prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from craftspark.errors import ModerationUnavailable
from craftspark.moderation import Objection

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_comprehend import ComprehendClient

# The names of a guardrail's filters in messages to makers.
FILTERS = {
    "HATE": "hate",
    "INSULTS": "insults",
    "MISCONDUCT": "crime",
    "PROMPT_ATTACK": "instructions to the service",
    "SEXUAL": "sexual content",
    "VIOLENCE": "violence",
}
# The names of Comprehend's toxicity labels in messages to makers.
LABELS = {
    "GRAPHIC": "graphic violence",
    "HARASSMENT_OR_ABUSE": "harassment",
    "HATE_SPEECH": "hate",
    "INSULT": "insults",
    "SEXUAL": "sexual content",
    "VIOLENCE_OR_THREAT": "violence",
}
TOXIC = 0.7
SEGMENT_BYTES, SEGMENTS = 1000, 10  # limits of Comprehend per segment and per call
BLOCKED = "BLOCKED"
THROTTLED = "ThrottlingException"


@dataclass(frozen=True, kw_only=True)
class Guardrail:
    """A Bedrock guardrail, by id and version. It moderates text and pictures with the same filters."""

    client: BedrockRuntimeClient
    guardrail: str
    version: str

    def objections(self, text: str) -> Sequence[Objection]:
        """The reasons to refuse the text. Raises ModerationUnavailable."""
        return self._apply("INPUT", {"text": {"text": text}})

    def picture_objections(self, jpeg: bytes, *, ours: bool) -> Sequence[Objection]:
        """The reasons to refuse a picture of at most `craftspark.pictures.reduction.MAX_COPY_BYTES`.

        `ours` is true for a picture that was drawn here; the guardrail's output filters apply to it. Raises
        ModerationUnavailable.
        """
        source = "OUTPUT" if ours else "INPUT"
        return self._apply(source, {"image": {"format": "jpeg", "source": {"bytes": jpeg}}}, "pictures")

    def _apply(self, source: Any, content: Any, what: str = "prompts") -> list[Objection]:
        with unavailability(what):
            response = self.client.apply_guardrail(
                guardrailIdentifier=self.guardrail, guardrailVersion=self.version, source=source, content=[content]
            )
        if response["action"] != "GUARDRAIL_INTERVENED":
            return []
        found = [objection for assessment in response["assessments"] for objection in _read_objections(assessment)]
        return found or [Objection(reason="content that is not allowed")]


def _read_objections(assessment: Any) -> Iterator[Objection]:
    for each in assessment.get("contentPolicy", {}).get("filters", ()):
        if each["action"] == BLOCKED:
            yield Objection(reason=FILTERS.get(each["type"], "content that is not allowed"))
    for each in assessment.get("topicPolicy", {}).get("topics", ()):
        if each["action"] == BLOCKED:
            yield Objection(reason=each["name"].lower())
    words = assessment.get("wordPolicy", {})
    for each in (*words.get("customWords", ()), *words.get("managedWordLists", ())):
        if each["action"] == BLOCKED:
            yield Objection(reason="offensive words", words=each["match"])


@dataclass(frozen=True, kw_only=True)
class Comprehend:
    """Detects toxic content in English. A prompt takes about 0.1 s and costs about 0.01 cents."""

    client: ComprehendClient

    def objections(self, text: str) -> Sequence[Objection]:
        """The reasons to refuse the text. Raises ModerationUnavailable."""
        parts = segments(text, SEGMENT_BYTES)
        reasons: dict[str, None] = {}
        for first in range(0, len(parts), SEGMENTS):
            with unavailability():
                response = self.client.detect_toxic_content(
                    TextSegments=[{"Text": part} for part in parts[first : first + SEGMENTS]], LanguageCode="en"
                )
            for result in response["ResultList"]:
                for label in result["Labels"]:
                    if label["Score"] >= TOXIC and label["Name"] in LABELS:
                        reasons[LABELS[label["Name"]]] = None
        return [Objection(reason=reason) for reason in reasons]


def segments(text: str, max_bytes: int) -> list[str]:
    """The text in parts of up to `max_bytes` bytes of UTF-8, split between words where a word fits into a part."""
    parts: list[str] = []
    part, size = "", 0
    for word in text.split():
        for piece in _pieces(word, max_bytes):
            length = len(piece.encode())
            if part and size + 1 + length > max_bytes:
                parts.append(part)
                part, size = "", 0
            part, size = (f"{part} {piece}", size + 1 + length) if part else (piece, length)
    return [*parts, part] if part else parts


def _pieces(word: str, max_bytes: int) -> Iterator[str]:
    """A word, or the parts of a word that is longer than one part. No character is split."""
    piece, size = "", 0
    for char in word:
        length = len(char.encode())
        if size + length > max_bytes:
            yield piece
            piece, size = "", 0
        piece, size = piece + char, size + length
    yield piece


@contextmanager
def unavailability(what: str = "prompts") -> Iterator[None]:
    """Raise ModerationUnavailable if the service fails, throttles or times out."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise unavailable(what) from error


def unavailable(what: str) -> ModerationUnavailable:
    return ModerationUnavailable(f"{what} cannot be moderated at the moment; send this request again in a moment")


def is_throttled(unavailable: ModerationUnavailable) -> bool:
    """Whether the service answered that it gets too many requests."""
    cause = unavailable.__cause__
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] == THROTTLED


@dataclass(kw_only=True)
class CircuitBreaker:
    """Does not call a service for `pause_s` after a failure, so that requests do not wait for it.

    A throttle is no such failure: the service answers immediately, and moderates the requests within its quota.
    Without them, a stage that accepts pictures without moderation would moderate almost none.
    """

    clock: Callable[[], float]
    pause_s: float = 30
    open_until: float = 0

    def call(self, subject: str, request: Callable[[], Sequence[Objection]]) -> Sequence[Objection]:
        """The result of the request. Raises ModerationUnavailable; before `open_until`, without a request."""
        if self.clock() < self.open_until:
            raise unavailable(subject)
        try:
            return request()
        except ModerationUnavailable as error:
            if not is_throttled(error):
                self.open_until = self.clock() + self.pause_s
            raise


@dataclass(kw_only=True)
class TextCircuitBreaker(CircuitBreaker):
    """A moderation service for prompts, behind a circuit breaker."""

    service: Guardrail | Comprehend

    def objections(self, text: str) -> Sequence[Objection]:
        """Raises ModerationUnavailable."""
        return self.call("prompts", lambda: self.service.objections(text))


@dataclass(kw_only=True)
class PictureCircuitBreaker(CircuitBreaker):
    """A guardrail for pictures, behind a circuit breaker."""

    service: Guardrail

    def picture_objections(self, jpeg: bytes, *, ours: bool) -> Sequence[Objection]:
        """Raises ModerationUnavailable."""
        return self.call("pictures", lambda: self.service.picture_objections(jpeg, ours=ours))
