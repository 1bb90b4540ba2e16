"""Submit the demo's jobs, each once its source is there, and watch them until all have ended."""

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from local_cloud.demo.api import Api, JobView, download
from local_cloud.demo.jobs import DemoJob

# Bounds the wait for all jobs together: a slow laptop's worker alone takes a minute to load.
PATIENCE_S = 300


def run_jobs(
    api: Api, demo_jobs: Sequence[DemoJob], ended: Callable[[DemoJob, JobView], None], *, console: Console
) -> dict[str, JobView]:
    """Each demo job's job by its name, once all have ended. Raises TimeoutError.

    `ended` is called with each job as soon as it has ended.
    """
    deadline = time.monotonic() + PATIENCE_S
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    jobs: dict[str, JobView] = {}
    next_read: dict[str, float] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {
            demo_job.name: progress.add_task(f"{demo_job.tool} {demo_job.name}", total=1, state="waiting", start=False)
            for demo_job in demo_jobs
        }
        while any(unfinished(jobs, demo_job.name) for demo_job in demo_jobs):
            if time.monotonic() > deadline:
                raise TimeoutError(f"some jobs did not end within {PATIENCE_S} s; see the logs")
            for demo_job in demo_jobs:
                if demo_job.name not in jobs and not (demo_job.source and unfinished(jobs, demo_job.source)):
                    jobs[demo_job.name] = api.submit(demo_job, source_of(api, demo_job, jobs))
                    progress.start_task(bars[demo_job.name])
            time.sleep(0.1)
            for demo_job in demo_jobs:
                name = demo_job.name
                if name in jobs and unfinished(jobs, name) and time.monotonic() >= next_read.get(name, 0):
                    jobs[name], pause_s = api.read(jobs[name]["job_id"])
                    next_read[name] = time.monotonic() + pause_s
                    progress.update(bars[name], completed=jobs[name].get("progress", 0), state=jobs[name]["state"])
                    if not unfinished(jobs, name):
                        progress.stop_task(bars[name])
                        ended(demo_job, jobs[name])
    return jobs


def unfinished(jobs: Mapping[str, JobView], name: str) -> bool:
    """Also of a job that is not submitted yet."""
    return not jobs.get(name, {}).get("finished_at")


def source_of(api: Api, demo_job: DemoJob, jobs: Mapping[str, JobView]) -> str | None:
    """What names the demo job's source in its request."""
    if demo_job.source is None:
        return None
    job = jobs[demo_job.source]
    if not demo_job.uploaded:
        return f"{job['job_id']}/0"
    return api.upload(download(job["images"][0]["url"]))
