"""Executions as tables that an operator can read."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table

from local_cloud.reports.execution_story import Story

STATUS_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "FAILED": "red", "TIMED_OUT": "red", "ABORTED": "yellow"}


def executions_table(executions: Iterable[Mapping[str, Any]]) -> Table:
    """The executions as ListExecutions answers them."""
    table = Table(title="Executions of render-job", title_justify="left")
    for column in ("name", "status", "started", "lasted"):
        table.add_column(column, justify="right" if column == "lasted" else "left", overflow="fold")
    for execution in executions:
        ended = execution.get("stopDate")
        table.add_row(
            execution["name"],
            _styled(execution["status"]),
            _time(execution["startDate"]),
            _duration(ended - execution["startDate"] if ended else None),
        )
    return table


def story_table(execution: Mapping[str, Any], story: Story) -> Table:
    """One execution, as DescribeExecution answers it, state by state."""
    title = f"{execution['name']}  {_styled(execution['status'])}"
    table = Table(title=title, title_justify="left", caption=_caption(execution, story), caption_justify="left")
    for column in ("state", "batch", "entered", "exited", "lasted", "retries", "errors"):
        table.add_column(
            column, justify="right" if column in ("batch", "lasted", "retries") else "left", overflow="fold"
        )
    for visit in story.visits:
        table.add_row(
            visit.state,
            "" if visit.iteration is None else str(visit.iteration),
            _time(visit.entered),
            _time(visit.exited),
            _duration(visit.lasted),
            str(visit.retries or ""),
            ", ".join(visit.errors),
        )
    return table


def _caption(execution: Mapping[str, Any], story: Story) -> str:
    ended = execution.get("stopDate")
    took = f"in {_duration(ended - execution['startDate'])}" if ended else "so far"
    lines = [f"{story.transitions} state transitions {took}"]
    if execution.get("error"):
        lines.append(f"{execution['error']}: {execution.get('cause', '')}")
    return "\n".join(lines)


def _styled(status: str) -> str:
    return f"[{STATUS_STYLES.get(status, 'default')}]{status}[/]"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%H:%M:%S.%f}"[:-3]


def _duration(duration: timedelta | None) -> str:
    return "still running" if duration is None else f"{duration.total_seconds():.2f} s"
