"""The worker's pace: its measured speed relative to the model's profile, reported for estimates."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.aws.jobs.speed import REPORT_S
from craftspark.jobs.backlog import Speed
from craftspark.jobs.job import Job
from craftspark.models.catalogue import find_model
from craftspark.models.networks import ToolNetworks
from craftspark.tools import find_tool

# The weight of a wave in the moving average. The first few waves weigh as much as the profile and each other.
WEIGHT = 0.3
# A larger ratio is an accident and says nothing about the machine.
MAX_RATIO = 20.0
# The minimum time between two reports of new measurements, in seconds.
REPORT_EVERY_S = 3.0

logger = Logger(service="gpu_worker")


class SpeedRecords(Protocol):
    """The reports of all workers."""

    def write(self, paces: dict[str, float], launch_s: float | None, now: float, *, awake: bool) -> None:
        """Write one report: `paces` by tool, the launch time in seconds if it is known, and whether the worker takes
        batches from its pool's queue.
        """

    def withdraw(self) -> None:
        """Report that the worker takes no more batches."""


class Pace:
    """Measures waves and reports in its own thread: soon after a measurement, and otherwise often enough to show that
    the worker runs.

    No job depends on it, so errors are only logged.
    """

    def __init__(
        self,
        *,
        device: str,
        networks: ToolNetworks,
        records: SpeedRecords,
        requested_at: datetime | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`device` is the one whose profiles the estimates follow, and `networks` are those of the stage's tools.
        `requested_at` is the time when this worker was requested for one batch, or None for a worker of a service.
        """
        self._device = device
        self._networks = networks
        self._records = records
        self._requested_at = requested_at
        self._clock = clock
        self._awake = requested_at is None
        self._withdrawn = False
        self._speed = Speed()
        self._waves: Counter[str] = Counter()
        self._launch_s: float | None = None
        self._changed = True
        self._lock = threading.Lock()
        self._reporting = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pace", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and report that the worker takes no more batches."""
        self._stop.set()
        self._thread.join()
        self.announce(awake=False)

    def announce(self, *, awake: bool) -> bool:
        """Report now whether the worker takes batches from its pool's queue. A worker that takes none writes no further
        report. Returns whether the report was written.
        """
        self._awake, self._withdrawn = awake, not awake
        if awake:
            return self.report(self._clock())
        try:
            with self._reporting:
                self._records.withdraw()
        except Exception:
            logger.exception("report not withdrawn")
            return False
        return True

    def measure(self, jobs: Sequence[Job], seconds: float) -> None:
        """Measure a wave that has just ended and took `seconds`. `jobs` has the job of each of its images, all of one
        kind. The first wave of a launched worker ends its launch.
        """
        try:
            self._measure(jobs, seconds)
        except Exception:
            logger.exception("wave not measured", extra={"job_id": jobs[0].job_id})

    def _measure(self, jobs: Sequence[Job], seconds: float) -> None:
        tool, expected_s = jobs[0].tool, self._expected_s(jobs)
        with self._lock:
            if self._requested_at and self._launch_s is None:
                # The clock of the state machine can be ahead of this machine's.
                self._launch_s = max(0.0, self._clock() - seconds - self._requested_at.timestamp())
                self._changed = True
            if expected_s <= 0:  # by the profile, the wave takes only the host's time
                return
            before = self._speed.pace(tool)
            self._waves[tool] += 1
            weight = max(WEIGHT, 1 / (1 + self._waves[tool]))
            ratio = min(seconds / expected_s, MAX_RATIO)
            self._speed = Speed(paces={**self._speed.paces, tool: before + weight * (ratio - before)})
            self._changed = True

    def report(self, now: float) -> bool:
        """Report the measurements, unless the report is withdrawn. `now` is the time in seconds since the epoch.
        Returns whether the report was written.
        """
        with self._reporting:  # an earlier report must not overwrite a later one
            if self._withdrawn:
                return False
            with self._lock:
                paces, launch_s, self._changed = dict(self._speed.paces), self._launch_s, False
            try:
                self._records.write(paces, launch_s, now, awake=self._awake)
            except Exception:
                logger.exception("pace not reported")
                return False
            return True

    def _expected_s(self, jobs: Sequence[Job]) -> float:
        """The expected seconds by the model's profile. Jobs of one kind can differ in size, so each job is estimated
        for the whole wave.
        """
        model = find_model(jobs[0].model).on(self._device).with_networks(self._networks)
        each = []
        for job in {job.job_id: job for job in jobs}.values():
            request = find_tool(job.tool).request.model_validate(job.request, strict=False)
            each.append(model.profile.render_s(request.load(model, job.sources, len(jobs))))
        return sum(each) / len(each)

    def _run(self) -> None:
        reported_at = float("-inf")
        while True:
            now = time.monotonic()
            if self._changed or now - reported_at >= REPORT_S:
                self.report(self._clock())
                reported_at = now
            if self._stop.wait(REPORT_EVERY_S):
                return
