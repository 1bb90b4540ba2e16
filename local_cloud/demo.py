"""`make demo`: real jobs through the whole path, on this machine."""

import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from local_cloud.cloud import LocalCloud
from local_cloud.contact_sheet import contact_sheet
from local_cloud.state import DEFAULT

OUT = Path("build/demo")
# Bounds the wait for all jobs together: a slow laptop's worker alone takes a minute to load.
PATIENCE_S = 300
REQUESTS: tuple[dict[str, Any], ...] = (
    {"prompt": "red apple", "count": 4, "seed": 11},
    {"prompt": "birthday cake", "count": 4, "seed": 23},
    {"prompt": "butterfly", "count": 8, "seed": 5, "steps": 8},
    {"prompt": "sunflower", "count": 2, "seed": 42, "lane": "bulk"},
)

# A pipe has no width of its own; the table needs this much.
console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


@dataclass(frozen=True)
class Api:
    """The front end's view of the service: plain HTTP with a maker's token."""

    client: httpx.Client

    def submit(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._json(self.client.post("/v1/tools/picture/jobs", json=request))

    def read(self, job_id: str) -> dict[str, Any]:
        return self._json(self.client.get(f"/v1/jobs/{job_id}"))

    def account(self) -> dict[str, Any]:
        return self._json(self.client.get("/v1/account"))

    @staticmethod
    def _json(response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def run() -> None:
    began = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    console.print("[bold]Craftspark[/]: starting the local cloud and deploying the stacks ...")
    with LocalCloud.running(DEFAULT, report=console.print) as cloud:
        console.print(f"Deployed in {time.monotonic() - began:.1f} s. The API is at {cloud.api_url}")
        headers = {"Authorization": f"Bearer {cloud.sign_in()}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=30) as client:
            api = Api(client)
            jobs = finish(api, [api.submit(request) for request in REQUESTS])
            account = api.account()
        pictures = save(jobs)
        contact_sheet(pictures, OUT / "contact-sheet.png")
        console.print(table(jobs))
        took_s = time.monotonic() - began
        write_summary(jobs, account, took_s)
        farewell(account, took_s, jobs[0]["job_id"])
        if os.environ.get("KEEP"):
            console.print("The local cloud stays up until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                cloud.wait()


def finish(api: Api, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Look at the jobs until all have ended; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_S
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {
            job["job_id"]: progress.add_task(job["request"]["prompt"], total=1, state=job["state"]) for job in jobs
        }
        while unfinished := [job for job in jobs if not job.get("finished_at")]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(unfinished)} jobs did not end within {PATIENCE_S} s; see the logs")
            # The API says with Retry-After when the next look pays; half of it keeps the bars smooth.
            time.sleep(0.5)
            jobs = [job if job.get("finished_at") else api.read(job["job_id"]) for job in jobs]
            for job in jobs:
                bar = bars[job["job_id"]]
                progress.update(bar, completed=job.get("progress", 0), state=job["state"])
                if job.get("finished_at"):
                    progress.stop_task(bar)
    return jobs


def save(jobs: Sequence[dict[str, Any]]) -> dict[str, list[Path]]:
    """Fetch every image over its presigned URL: the paths by prompt."""
    saved: dict[str, list[Path]] = {}
    with httpx.Client(timeout=30) as client:
        for job in jobs:
            prompt = job["request"]["prompt"]
            for image in job["images"]:
                if image["state"] == "done":
                    path = OUT / f"{prompt.replace(' ', '-')}-{image['index']}.png"
                    path.write_bytes(client.get(image["url"]).raise_for_status().content)
                    saved.setdefault(prompt, []).append(path)
    return saved


def seconds(job: dict[str, Any], start: str, end: str) -> float | None:
    if not (job.get(start) and job.get(end)):
        return None
    return (datetime.fromisoformat(job[end]) - datetime.fromisoformat(job[start])).total_seconds()


def figures(job: dict[str, Any]) -> dict[str, Any]:
    """What the table and the summary say of a job; waits and times are seconds."""
    return {
        "job_id": job["job_id"],
        "prompt": job["request"]["prompt"],
        "lane": job["lane"],
        "state": job["state"],
        "images": job["delivered"],
        "queue_wait_s": seconds(job, "created_at", "started_at"),
        "render_s": round(sum(image.get("render_seconds", 0) for image in job["images"]), 2),
        "total_s": seconds(job, "created_at", "finished_at"),
        "credits": job["credits"]["spent"],
    }


def table(jobs: Sequence[dict[str, Any]]) -> Table:
    made = Table(title="Jobs")
    for name in ("job", "prompt", "lane", "state", "images", "queue wait", "render", "in all", "credits"):
        made.add_column(
            name, justify="right" if name in ("images", "queue wait", "render", "in all", "credits") else "left"
        )
    for job in jobs:
        values = figures(job)
        times = (
            f"{values[name]:.1f} s" if values[name] is not None else "-"
            for name in ("queue_wait_s", "render_s", "total_s")
        )
        made.add_row(
            values["job_id"][:8],
            values["prompt"],
            values["lane"],
            values["state"],
            f"{values['images']}/{job['count']}",
            *times,
            str(values["credits"]),
        )
    return made


def write_summary(jobs: Sequence[dict[str, Any]], account: dict[str, Any], took_s: float) -> None:
    images = sum(job["delivered"] for job in jobs)
    entries = [
        {"name": "demo_images", "value": images, "goal": 4, "better": "higher", "unit": "images"},
        {"name": "demo_seconds", "value": round(took_s, 1), "goal": 90, "better": "lower", "unit": "s"},
    ]
    summary = {"entries": entries, "jobs": [figures(job) for job in jobs], "account": account}
    (OUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")


def farewell(account: dict[str, Any], took_s: float, job_id: str) -> None:
    console.print(
        f"{account['spent']} credits spent, {account['available']} left. {took_s:.0f} s in all.\n"
        f"Pictures: {OUT}/   contact sheet: {OUT}/contact-sheet.png   figures: {OUT}/summary.json\n"
        "Look further: [bold]make demo KEEP=1[/], and beside it in another terminal\n"
        f"  .venv/bin/python -m local_cloud executions {job_id}   a job's story\n"
        "  .venv/bin/python -m local_cloud status                  what is running\n"
        "  .venv/bin/python -m local_cloud logs worker             what the GPU worker said"
    )


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)
