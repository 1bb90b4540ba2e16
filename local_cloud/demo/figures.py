"""What the demo measured: a table for a person, and summary.json for scripts."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from local_cloud.demo.api import JobView


def seconds(job: JobView, start: str, end: str) -> float | None:
    if not (job.get(start) and job.get(end)):
        return None
    return (datetime.fromisoformat(job[end]) - datetime.fromisoformat(job[start])).total_seconds()


def figures(name: str, job: JobView) -> dict[str, Any]:
    """What the table and the summary say of a job; waits and times are seconds."""
    return {
        "name": name,
        "job_id": job["job_id"],
        "tool": job["tool"],
        "lane": job["lane"],
        "state": job["state"],
        "images": job["delivered"],
        "queue_wait_s": seconds(job, "created_at", "started_at"),
        "render_s": round(sum(image.get("render_seconds", 0) for image in job["images"]), 2),
        "total_s": seconds(job, "created_at", "finished_at"),
        "credits": job["credits"]["spent"],
        "scores": [image.get("scores", {}) for image in job["images"]],
    }


def table(jobs: Mapping[str, JobView]) -> Table:
    made = Table(title="Jobs")
    for name in ("job", "tool", "name", "lane", "state", "images", "queue wait", "render", "total", "credits"):
        numeric = name in ("images", "queue wait", "render", "total", "credits")
        made.add_column(name, justify="right" if numeric else "left")
    for name, job in jobs.items():
        values = figures(name, job)
        times = (
            f"{values[time]:.1f} s" if values[time] is not None else "-"
            for time in ("queue_wait_s", "render_s", "total_s")
        )
        made.add_row(
            values["job_id"][:8],
            values["tool"],
            name,
            values["lane"],
            values["state"],
            f"{values['images']}/{job['count']}",
            *times,
            str(values["credits"]),
        )
    return made


def write_summary(
    path: Path, jobs: Mapping[str, JobView], account: dict[str, Any], *, took_s: float, first_picture_s: float | None
) -> None:
    """Entries as of every target that measures; a run without a picture has no time of the first one."""
    images = sum(job["delivered"] for job in jobs.values())
    tools = len({job["tool"] for job in jobs.values() if job["state"] == "succeeded"})
    entries = [
        {"name": "demo_images", "value": images, "goal": 4, "better": "higher", "unit": "images"},
        {"name": "demo_tools", "value": tools, "goal": 6, "better": "higher", "unit": "tools"},
        {"name": "demo_seconds", "value": round(took_s, 1), "goal": 90, "better": "lower", "unit": "s"},
    ]
    if first_picture_s is not None:
        first = round(first_picture_s, 1)
        entries.append(
            {"name": "demo_first_picture_seconds", "value": first, "goal": 40, "better": "lower", "unit": "s"}
        )
    summary = {"entries": entries, "jobs": [figures(*named) for named in jobs.items()], "account": account}
    path.write_text(json.dumps(summary, indent=2) + "\n")
