"""How fast this worker is, beside what the model's profile says; told where estimates are made."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.jobs.speed import REPORT_S
from craftspark.jobs.backlog import Speed
from craftspark.jobs.job import Job
from craftspark.models.catalogue import Model
from craftspark.tools import find_tool

# How much a wave counts against all those before it; the first few count as much as each of those and the profile.
WEIGHT = 0.3
# A wave that is so many times off tells of an accident, not of the machine.
SLOWEST = 20.0
# What was measured is told at most so often, in seconds.
TELL_EVERY_S = 3.0

logger = Logger(service="gpu_worker")


class Book(Protocol):
    """Where it is told."""

    def write(self, paces: dict[str, float], launch_s: float | None, now: float) -> None: ...


class Pace:
    """Measures waves, and tells by a thread of its own: soon where something was measured, else that the worker lives.

    Nothing of a job depends on it, so what goes wrong is logged and forgotten.
    """

    def __init__(self, *, model: Model, device: str, book: Book, launched: bool) -> None:
        self._model = model.on(device)
        self._device = device
        self._book = book
        self._launched = launched
        self._speed = Speed()
        self._waves: Counter[str] = Counter()
        self._launch_s: float | None = None
        self._news = True
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pace", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        """A wave of one image of each of these jobs, which are of one kind, took so many seconds."""
        try:
            expected_s = self._expected_s(jobs)
        except Exception:
            logger.exception("wave not measured", extra={"job_id": jobs[0].job_id})
            return
        tool, job = jobs[0].tool, jobs[0]
        with self._lock:
            before = self._speed.pace(tool)
            self._waves[tool] += 1
            weight = max(WEIGHT, 1 / (1 + self._waves[tool]))
            ratio = min(seconds / expected_s, SLOWEST)
            self._speed = Speed(paces={**self._speed.paces, tool: before + weight * (ratio - before)})
            if self._launched and self._launch_s is None and job.started_at:
                self._launch_s = (job.started_at - job.created_at).total_seconds()
            self._news = True

    def tell(self, now: float) -> None:
        """Tell what is known."""
        with self._lock:
            paces, launch_s, self._news = dict(self._speed.paces), self._launch_s, False
        try:
            self._book.write(paces, launch_s, now)
        except Exception:
            logger.exception("pace not told")

    def _expected_s(self, jobs: Sequence[Job]) -> float:
        """What the profile says. Jobs of one kind may differ in size: each is asked for the whole wave's time."""
        profile = self._model.profiles[self._device]
        each = []
        for job in {job.job_id: job for job in jobs}.values():
            request = find_tool(job.tool).request.model_validate(job.request, strict=False)
            each.append(profile.render_s(request.load(self._model, job.source, len(jobs))))
        return sum(each) / len(each)

    def _run(self) -> None:
        told = float("-inf")
        while True:
            now = time.monotonic()
            if self._news or now - told >= REPORT_S:
                self.tell(time.time())
                told = now
            if self._stop.wait(TELL_EVERY_S):
                return
