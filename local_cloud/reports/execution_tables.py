"""Tables of executions for the terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.markup import escape
from rich.table import Table

from local_cloud.reports.execution_timeline import Timeline

STATUS_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "red", "TIMED_OUT": "red", "ABORTED": "yellow"}


def executions_table(executions: Iterable[Mapping[str, Any]]) -> Table:
    """A row for each execution, as ListExecutions returns it."""
    table = Table(title="Executions of render-job", title_justify="left")
    for column in ("name", "status", "started", "duration"):
        table.add_column(column, justify="right" if column == "duration" else "left", overflow="fold")
    for execution in executions:
        ended = execution.get("stopDate")
        table.add_row(
            execution["name"],
            _format_status(execution["status"]),
            _format_time(execution["startDate"]),
            _format_duration(ended - execution["startDate"] if ended else None),
        )
    return table


def timeline_table(execution: Mapping[str, Any], timeline: Timeline) -> Table:
    """A row for each state visit of an execution, as DescribeExecution returns it."""
    title = f"{execution['name']}  {_format_status(execution['status'])}"
    table = Table(title=title, title_justify="left", caption=_caption(execution, timeline), caption_justify="left")
    for column in ("state", "batch", "entered", "exited", "duration", "retries", "errors"):
        table.add_column(
            column, justify="right" if column in ("batch", "duration", "retries") else "left", overflow="fold"
        )
    for visit in timeline.visits:
        table.add_row(
            visit.state,
            "" if visit.iteration is None else str(visit.iteration),
            _format_time(visit.entered),
            _format_time(visit.exited),
            _format_duration(visit.duration),
            str(visit.retries or ""),
            escape(", ".join(visit.errors)),
        )
    return table


def _caption(execution: Mapping[str, Any], timeline: Timeline) -> str:
    ended = execution.get("stopDate")
    took = f"in {_format_duration(ended - execution['startDate'])}" if ended else "so far"
    lines = [f"{timeline.transitions} state transitions {took}"]
    if execution.get("error"):
        lines.append(escape(f"{execution['error']}: {execution.get('cause', '')}"))
    return "\n".join(lines)


def _format_status(status: str) -> str:
    return f"[{STATUS_STYLES.get(status, 'default')}]{status}[/]"


def _format_time(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone():%H:%M:%S.%f}"[:-3]


def _format_duration(duration: timedelta | None) -> str:
    return "still running" if duration is None else f"{duration.total_seconds():.2f} s"
