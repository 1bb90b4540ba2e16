"""Events that AWS services put on the default event bus, delivered in order by a background thread."""

import contextvars
import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ministack.services import eventbridge

logger = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(1, thread_name_prefix="aws-events")


def publish(source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """Put an event on the default bus of the current account and region. Returns before its rules run."""
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": list(resources)}
    _sender.submit(contextvars.copy_context().run, _put, entry)


def _put(entry: Mapping[str, Any]) -> None:
    try:
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:  # as on AWS, the source of an event does not notice a failed delivery
        logger.exception("Event %s of %s was not delivered", entry["DetailType"], entry["Source"])
