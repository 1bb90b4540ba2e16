"""Submissions that were refused in the last minutes because GPU capacity does not suffice, from the log."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from local_cloud.reports.log_lines import find_lines, parse_fields

RECENT = timedelta(minutes=10)
MESSAGE = "admission refused"


class Refusals(NamedTuple):
    """The recent refusals of one pool and plan. The waits are those of the last one, in seconds.

    A wait is None if no task would take the job in that lane.
    """

    pool: str
    plan: str
    submissions: int
    wait_s: int | None
    bulk_wait_s: int | None


def find_refusals(logs: Path, now: datetime) -> Iterator[Refusals]:
    """The refusals of the last ten minutes, by pool and plan."""
    recent: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in find_lines(logs, MESSAGE, function="submit_job"):
        fields = parse_fields(line.text)
        if fields.get("message") == MESSAGE and line.at > now - RECENT:
            recent.setdefault((fields["pool"], fields["plan"]), []).append(fields)
    for (pool, plan), refused in sorted(recent.items()):
        last = refused[-1]
        yield Refusals(pool, plan, len(refused), last.get("estimated_wait_s"), last.get("bulk_wait_s"))
