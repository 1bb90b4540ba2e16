"""Submit jobs, each after its sources have ended, and poll them until all have ended."""

import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from local_cloud.demo.api import Api, JobView, download
from local_cloud.demo.jobs import DemoJob

# For all jobs together. The worker needs up to a minute to start on a slow laptop.
TIMEOUT_S = 300
POLL_S = 0.1


def run_jobs(
    api: Api,
    demo_jobs: Sequence[DemoJob],
    on_end: Callable[[DemoJob, JobView], None] = lambda *_: None,
    *,
    console: Console,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, JobView]:
    """Run all demo jobs; returns the ended jobs by the names of their demo jobs.

    `on_end` is called with each job as soon as it has ended. Raises TimeoutError, which names the jobs that did not end
    within `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    jobs: dict[str, JobView] = {}
    next_read: dict[str, float] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {
            demo_job.name: progress.add_task(f"{demo_job.tool} {demo_job.name}", total=1, state="waiting", start=False)
            for demo_job in demo_jobs
        }
        while unfinished := [demo_job.name for demo_job in demo_jobs if is_unfinished(jobs, demo_job.name)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{', '.join(unfinished)}: not ended within {timeout_s} s; see the logs")
            for demo_job in demo_jobs:
                waits = any(is_unfinished(jobs, source) for source in demo_job.sources)
                if demo_job.name not in jobs and not waits:
                    jobs[demo_job.name] = api.submit(demo_job, find_references(api, demo_job, jobs))
                    progress.start_task(bars[demo_job.name])
            time.sleep(POLL_S)
            for demo_job in demo_jobs:
                name = demo_job.name
                if name in jobs and is_unfinished(jobs, name) and time.monotonic() >= next_read.get(name, 0):
                    jobs[name], pause_s = api.read(jobs[name]["job_id"])
                    next_read[name] = time.monotonic() + pause_s
                    progress.update(bars[name], completed=jobs[name].get("progress", 0), state=jobs[name]["state"])
                    if not is_unfinished(jobs, name):
                        progress.stop_task(bars[name])
                        on_end(demo_job, jobs[name])
    return jobs


def is_unfinished(jobs: Mapping[str, JobView], name: str) -> bool:
    """Whether the job has not ended; true for a job that is not submitted yet."""
    return not jobs.get(name, {}).get("finished_at")


def find_references(api: Api, demo_job: DemoJob, jobs: Mapping[str, JobView]) -> list[str]:
    """The references of the demo job's sources, uploaded first if the demo job says so."""
    sources = [jobs[name] for name in demo_job.sources]
    if demo_job.uploaded:
        return [api.upload(download(job["images"][0]["url"])) for job in sources]
    return [f"{job['job_id']}/0" for job in sources]
