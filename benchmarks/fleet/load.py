"""Load of two pools: makers who keep several jobs unfinished in each."""

import io
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

import httpx
from PIL import Image

from local_cloud.demo.api import Api
from local_cloud.launcher.cloud import LocalCloud

POLL_S = 1.0
# A job of the pool that draws is one wave. A job that enlarges is one picture.
DRAWING = {"prompt": "a red apple", "count": 4}
ENLARGING = {"count": 1, "factor": 2}
ENLARGED_SIDE = 128  # pixels: such a wave takes a fraction of a second

# What the API responds when it admits no more work for now. The load then submits again later.
REFUSED_FOR_NOW = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class JobsUnfinished(Exception):
    """Jobs did not end within their time."""


@dataclass
class Pool:
    """The jobs of a pool. `wanted` of them are unfinished at any time, until it is set to 0."""

    tool: str
    request: Mapping[str, Any]
    wanted: int
    submitted: dict[str, float] = field(default_factory=dict)
    finished: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def unfinished(self) -> list[str]:
        return [job for job in self.submitted if job not in self.finished]


class Load:
    """Submits jobs of one maker for each pool, and reads them until they end, as a context manager."""

    def __init__(self, cloud: LocalCloud, *, steps: int, draw: int, enlarge: int) -> None:
        self.makers = {name: _client(cloud, f"{name}@campaign.example") for name in ("draw", "enlarge")}
        source = Api(self.makers["enlarge"]).upload(_make_picture())
        self.pools = {
            "draw": Pool("picture", DRAWING | {"steps": steps}, draw),
            "enlarge": Pool("upscale", ENLARGING | {"source": source}, enlarge),
        }
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(len(self.pools), thread_name_prefix="load")
        self._running: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._threads.shutdown()
        for client in self.makers.values():
            client.close()

    def start(self) -> None:
        self._running = [self._threads.submit(self._run, name) for name in self.pools]

    def check(self) -> None:
        """Raise the error of a maker that submits no more."""
        for maker in self._running:
            if maker.done():
                maker.result()

    def finish(self, within_s: float) -> None:
        """Submit no more, and wait until all jobs have ended. Raises JobsUnfinished, or the error of a maker."""
        for pool in self.pools.values():
            pool.wanted = 0
        deadline = time.monotonic() + within_s
        while any(pool.unfinished for pool in self.pools.values()):
            self.check()
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
        if unfinished := [job for pool in self.pools.values() for job in pool.unfinished]:
            raise JobsUnfinished(f"{len(unfinished)} jobs did not end: {', '.join(unfinished[:5])}")

    def accounts(self) -> list[dict[str, Any]]:
        """The accounts of the makers."""
        return [_get(client, "/v1/account") for client in self.makers.values()]

    def commits(self) -> list[dict[str, Any]]:
        """The charges in the ledgers of the makers."""
        return [entry for client in self.makers.values() for entry in _ledger(client) if entry["kind"] == "commit"]

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that have ended."""
        return [job for pool in self.pools.values() for job in pool.finished.values()]

    def _run(self, name: str) -> None:
        client, pool = self.makers[name], self.pools[name]
        while not self._stopped.is_set():
            # One request for the newest jobs, and one for each job that has ended or is older.
            newest = {job["job_id"]: job for job in _get(client, "/v1/jobs?limit=100")["jobs"]}
            for job_id in pool.unfinished:
                if "finished_at" in newest.get(job_id, {"finished_at": None}):
                    job = _get(client, f"/v1/jobs/{job_id}")
                    if "finished_at" in job:
                        pool.finished[job_id] = job
            for _ in range(pool.wanted - len(pool.unfinished)):
                answer = client.post(f"/v1/tools/{pool.tool}/jobs", json=pool.request)
                if answer.status_code in REFUSED_FOR_NOW:
                    break
                pool.submitted[answer.raise_for_status().json()["job_id"]] = time.time()
            self._stopped.wait(POLL_S)


def _make_picture() -> bytes:
    """A PNG file to enlarge."""
    into = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((ENLARGED_SIDE, ENLARGED_SIDE)).save(into, "PNG")
    return into.getvalue()


def _client(cloud: LocalCloud, email: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {cloud.sign_in(email)}"}
    return httpx.Client(base_url=cloud.api_url, headers=headers, timeout=600, trust_env=False)


def _get(client: httpx.Client, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(path).raise_for_status().json()
    return answer


def _ledger(client: httpx.Client) -> Iterator[dict[str, Any]]:
    query: dict[str, str] = {"limit": "100"}
    while True:
        page = client.get("/v1/account/ledger", params=query).raise_for_status().json()
        yield from page["entries"]
        if "next_cursor" not in page:
            return
        query["cursor"] = page["next_cursor"]
