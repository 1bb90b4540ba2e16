"""Events on the default event bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from craftspark.errors import EventRefused

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events of one source."""

    client: EventBridgeClient
    source: str

    def tell(self, name: str, detail: Mapping[str, Any]) -> None:
        """Raises EventRefused."""
        entry: Any = {"Source": self.source, "DetailType": name, "Detail": json.dumps(detail)}
        answer = self.client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            failed = answer["Entries"][0]
            raise EventRefused(f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")
