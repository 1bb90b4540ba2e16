"""Jobs of a local cloud, once they have ended."""

import time
from typing import Any

import httpx

POLL_S = 0.5


def wait_for_end(client: httpx.Client, job_id: str, *, timeout_s: float) -> dict[str, Any]:
    """Return the job when it has ended. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while True:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
        if "finished_at" in job:
            return job
        if time.monotonic() > deadline:
            raise TimeoutError(f"job {job_id} did not end within {timeout_s} s")
        time.sleep(POLL_S)
