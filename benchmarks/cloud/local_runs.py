"""Many jobs on the local cloud, over HTTP."""

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.entries import Entry
from benchmarks.worker import random_weights
from local_cloud.launcher.cloud import LocalCloud

IMAGE = "craftspark-gpu:local"
SUBMITTERS = 8
PATIENCE_S = 300  # for the next job to end
BUSY_JOBS, BUSY_STEPS = 16, 20
LARGE_JOBS, LARGE_STEPS = 4, 8
QUICK_JOBS, WARM_UP_JOBS, REPEATS = 120, 16, 3


@contextmanager
def run_cloud(*worker: str) -> Iterator[tuple[LocalCloud, httpx.Client]]:
    """Run a local cloud whose GPU tasks run the given module. Yields the cloud and the client of a signed-in maker.

    The number of workers stays the same during a measurement, so the fleet's controller is stopped.
    """
    commands = {IMAGE: (sys.executable, "-m", *worker)}
    with TemporaryDirectory() as folder, LocalCloud.run(Path(folder), commands=commands) as cloud:
        cloud.stop_controller()
        headers = {"Authorization": f"Bearer {cloud.sign_in()}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=60) as client:
            yield cloud, client


def run_jobs(client: httpx.Client, number: int, request: dict[str, Any]) -> float:
    """Submit the jobs at the same time and wait until all have ended.

    Returns the seconds from the first submission to the last end. Raises RuntimeError if a job did not succeed, and
    TimeoutError if one did not end.
    """

    def submit(_: int) -> str:
        return str(client.post("/v1/tools/picture/jobs", json=request).raise_for_status().json()["job_id"])

    start = progress = time.perf_counter()
    active = number
    with ThreadPoolExecutor(SUBMITTERS) as threads:
        job_ids = set(threads.map(submit, range(number)))
    while active:
        before = active
        # One request returns how many jobs are active.
        active = client.get("/v1/account").raise_for_status().json()["active_jobs"]
        if active < before:
            progress = time.perf_counter()
        elif time.perf_counter() - progress > PATIENCE_S:
            raise TimeoutError(f"none of {active} active jobs ended within {PATIENCE_S} s")
        else:
            time.sleep(0.05)
    took_s = time.perf_counter() - start
    states = {job["job_id"]: job["state"] for job in list_newest_jobs(client, number)}
    failed = {job_id: states.get(job_id) for job_id in job_ids if states.get(job_id) != "succeeded"}
    if failed:
        raise RuntimeError(f"jobs that did not succeed: {failed}")
    return took_s


def list_newest_jobs(client: httpx.Client, number: int) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "100"}
    while len(jobs) < number:
        page = client.get("/v1/jobs", params=query).raise_for_status().json()
        jobs += page["jobs"]
        if "next_cursor" not in page:
            break
        query["cursor"] = page["next_cursor"]
    return jobs


def measure_worker_share() -> list[Entry]:
    """The share of time that a worker with a full queue spends outside its networks: a diffusion model of 103 million
    parameters, the upscaler and the likeness encoder.

    The built-in model has 15 million, so the same work around it is a larger share.
    """
    with TemporaryDirectory() as folder:
        random_weights.save(Path(folder) / "model", small=True)
        shares = run_timed_worker(LARGE_JOBS, LARGE_STEPS, str(Path(folder) / "model"))
    built_in = run_timed_worker(BUSY_JOBS, BUSY_STEPS)
    entry = Entry(
        name="worker_share_outside_model",
        value=round(shares["worker"], 4),
        goal=0.02,
        better="lower",
        unit="share of time",
        beside={
            "outside_diffusion_alone": round(shares["outside_diffusion"], 4),
            "plain_diffusers_loop": round(shares["plain"], 4),
            "parameters_m": shares["parameters_m"],
            "waves": shares["waves"],
            "steps": LARGE_STEPS,
            "built_in_model": round(built_in["worker"], 4),
            "built_in_outside_diffusion_alone": round(built_in["outside_diffusion"], 4),
            "built_in_plain_diffusers_loop": round(built_in["plain"], 4),
        },
    )
    return [entry]


def run_timed_worker(jobs: int, steps: int, *folder: str) -> dict[str, Any]:
    """Run jobs of one wave each on a worker with a stopwatch. Returns what it writes."""
    with TemporaryDirectory() as place:
        path = Path(place) / "shares.json"
        with run_cloud("benchmarks.worker.timed_worker", str(path), str(steps), *folder) as (_, client):
            run_jobs(client, jobs, {"prompt": "a red apple", "count": 4, "steps": steps})
        # The worker writes the file when it stops, and the cloud stops it at its own end.
        shares: dict[str, Any] = json.loads(path.read_text())
    return shares


def measure_jobs_per_second() -> list[Entry]:
    """How many one-image jobs per second pass through the whole service, if rendering takes no time."""
    with run_cloud("benchmarks.cloud.null_worker") as (_, client):
        run_jobs(client, WARM_UP_JOBS, {"prompt": "x", "count": 1})
        samples = []
        for _ in range(REPEATS):
            took_s = run_jobs(client, QUICK_JOBS // REPEATS, {"prompt": "x", "count": 1})
            samples.append(QUICK_JOBS // REPEATS / took_s)
    entry = Entry(
        name="jobs_per_second_null_renderer",
        value=round(sorted(samples)[len(samples) // 2], 2),
        goal=None,
        better="higher",
        unit="jobs/s",
        samples=[round(sample, 2) for sample in samples],
        beside={"concurrent_jobs": QUICK_JOBS // REPEATS},
    )
    return [entry]
