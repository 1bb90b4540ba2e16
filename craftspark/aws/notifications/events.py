"""Events on the default event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.retries import until_done
from craftspark.contracts import Event
from craftspark.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

MAX_ENTRIES = 10  # of a call


@dataclass(frozen=True, kw_only=True)
class Events:
    """The bus of the account."""

    client: EventBridgeClient

    def send(self, *events: Event) -> None:
        """Send events, as many with a call as EventBridge takes, and again what it refuses. Raises EventRefused."""
        for first in range(0, len(events), MAX_ENTRIES):
            entries: Any = [
                {"Source": event.source, "DetailType": event.detail_type(), "Detail": event.to_text()}
                for event in events[first : first + MAX_ENTRIES]
            ]
            for _, why in until_done(self._put, [(entry, "") for entry in entries]):
                raise EventRefused(why)

    def _put(self, asked: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
        """The entries that EventBridge refuses, with its reason."""
        answers = self.client.put_events(Entries=[entry for entry, _ in asked])["Entries"]
        return [
            (entry, f"{answer['ErrorCode']}: {answer.get('ErrorMessage')}")
            for (entry, _), answer in zip(asked, answers, strict=True)
            if "ErrorCode" in answer
        ]
