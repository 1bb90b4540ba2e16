"""The timeline of a job, read from its logs."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from local_cloud.reports.job_timeline import Event, NoSuchJob, job_events, timeline_table

JOB = "2lblguetb6l7zquxf64v5mpl4q"


def write_log(path: Path, *lines: Mapping[str, object] | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))


def test_events_of_several_logs_are_in_order_of_time(tmp_path: Path) -> None:
    settled = {"timestamp": "2026-01-01 10:00:02,000+0000", "message": "job settled", "job_id": JOB, "spent": 4}
    accepted = {"timestamp": "2026-01-01 10:00:00,000+0000", "message": "job accepted", "job_id": JOB}
    write_log(tmp_path / "lambdas" / "settle_job.log", settled)
    write_log(tmp_path / "lambdas" / "submit_job.log", accepted, f"a line without fields of {JOB}", "another job")

    events = job_events(None, tmp_path, JOB)

    assert [(event.source, event.description) for event in events] == [
        ("submit_job", "job accepted"),
        ("submit_job", f"a line without fields of {JOB}"),
        ("settle_job", "job settled: spent 4"),
    ]


def test_a_job_without_events_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoSuchJob, match=f"There is no job {JOB} in the logs"):
        job_events(None, tmp_path, JOB)


def test_brackets_in_a_log_line_are_shown_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=120)

    console.print(
        timeline_table(JOB, [Event(datetime(2026, 1, 1, tzinfo=UTC), "worker", "[INFO] batch [/0] rendered")])
    )

    assert isinstance(console.file, io.StringIO)
    assert "[INFO] batch [/0] rendered" in console.file.getvalue()
