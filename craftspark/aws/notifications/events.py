"""Events on the default event bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.contracts import Event
from craftspark.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True, kw_only=True)
class Events:
    """The bus of the account."""

    client: EventBridgeClient

    def send(self, event: Event) -> None:
        """Raises EventRefused."""
        entry: Any = {"Source": event.source, "DetailType": event.detail_type(), "Detail": event.to_text()}
        response = self.client.put_events(Entries=[entry])
        if response["FailedEntryCount"]:
            failed = response["Entries"][0]
            raise EventRefused(f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")
