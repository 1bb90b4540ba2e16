"""Events on the default event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.aws.entries import send_entries
from craftspark.contracts import Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True, kw_only=True)
class Events:
    """The bus of the account."""

    client: EventBridgeClient

    def send(self, *events: Event) -> None:
        """Send events. Raises EventRefused."""
        entries: list[Any] = [
            {"Source": event.source, "DetailType": event.detail_type(), "Detail": event.to_text()} for event in events
        ]
        send_entries(self._put, entries)

    def _put(self, entries: list[Any]) -> dict[int, str]:
        """Why EventBridge refuses entries, by their places."""
        answers = self.client.put_events(Entries=entries)["Entries"]
        return {
            place: f"{answer['ErrorCode']}: {answer.get('ErrorMessage')}"
            for place, answer in enumerate(answers)
            if "ErrorCode" in answer
        }
