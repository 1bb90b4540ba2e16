"""Events on the default event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
        """Send events in order, as many with a call as EventBridge takes. Raises EventRefused."""
        for first in range(0, len(events), MAX_ENTRIES):
            entries: Any = [
                {"Source": event.source, "DetailType": event.detail_type(), "Detail": event.to_text()}
                for event in events[first : first + MAX_ENTRIES]
            ]
            response = self.client.put_events(Entries=entries)
            for entry in response["Entries"]:
                if "ErrorCode" in entry:
                    raise EventRefused(f"{entry['ErrorCode']}: {entry.get('ErrorMessage')}")
