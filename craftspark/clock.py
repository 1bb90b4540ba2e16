"""The clock of the domain."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time in UTC, in milliseconds. That is the stored precision, so a response and a later read agree."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
