"""The results of the demo: a table for the terminal and summary.json for scripts."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from local_cloud.demo.api import JobView


def seconds_between(job: JobView, start: str, end: str) -> float | None:
    """The seconds between two times of a job, named by its fields; None if it does not have both."""
    if not (job.get(start) and job.get(end)):
        return None
    return (datetime.fromisoformat(job[end]) - datetime.fromisoformat(job[start])).total_seconds()


def job_result(name: str, job: JobView) -> dict[str, Any]:
    """The result of a job for the table and the summary; names ending in `_s` are seconds."""
    return {
        "name": name,
        "job_id": job["job_id"],
        "tool": job["tool"],
        "lane": job["lane"],
        "state": job["state"],
        "images": job["delivered"],
        "queue_wait_s": seconds_between(job, "created_at", "started_at"),
        "render_s": round(sum(image.get("render_seconds", 0) for image in job["images"]), 2),
        "total_s": seconds_between(job, "created_at", "finished_at"),
        "credits": job["credits"]["spent"],
        "scores": [image.get("scores", {}) for image in job["images"]],
    }


def jobs_table(jobs: Mapping[str, JobView]) -> Table:
    table = Table(title="Jobs")
    for name in ("job", "tool", "name", "lane", "state", "images", "queue wait", "render", "total", "credits"):
        numeric = name in ("images", "queue wait", "render", "total", "credits")
        table.add_column(name, justify="right" if numeric else "left")
    for name, job in jobs.items():
        result = job_result(name, job)
        times = (
            f"{result[time]:.1f} s" if result[time] is not None else "-"
            for time in ("queue_wait_s", "render_s", "total_s")
        )
        table.add_row(
            result["job_id"][:8],
            result["tool"],
            name,
            result["lane"],
            result["state"],
            f"{result['images']}/{job['count']}",
            *times,
            str(result["credits"]),
        )
    return table


def write_summary(
    path: Path, jobs: Mapping[str, JobView], account: dict[str, Any], *, took_s: float, first_picture_s: float | None
) -> None:
    """Write the measurements as entries, like every target that measures.

    Without `first_picture_s`, there is no entry for the time to the first picture.
    """
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
    results = [job_result(name, job) for name, job in jobs.items()]
    summary = {"entries": entries, "jobs": results, "account": account}
    path.write_text(json.dumps(summary, indent=2) + "\n")
