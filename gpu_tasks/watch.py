"""Beside the work: tell that claims are alive, tell how far they are, and end a worker that hangs."""

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from aws_lambda_powertools import Logger

from craftspark.batches import Batch
from craftspark.jobs import Job
from gpu_tasks.claim import Claim
from gpu_tasks.lease import Lease

# How often progress is told, in seconds.
ROUND_S = 1.0

logger = Logger(service="gpu_worker")


class ProgressBook(Protocol):
    """Where progress is told."""

    def progress(self, job: Job, batch: Batch, percent: int) -> None: ...


class Watch:
    """A thread that holds every open claim each `hold_every_s` seconds.

    It would hold them for ever while the render thread hangs, so it calls `on_stall` after `stall_s` seconds without
    a step: the process ends, and the messages come back for another worker.
    """

    def __init__(
        self, *, book: ProgressBook, lease: Lease, hold_every_s: float, stall_s: float, on_stall: Callable[[], None]
    ) -> None:
        self._book = book
        self._lease = lease
        self._rounds_a_hold = max(1, round(hold_every_s / ROUND_S))
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._told: dict[Claim, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def add(self, claims: Iterable[Claim]) -> None:
        """Watch these until they are answered."""
        self._lease.touch()
        with self._lock:
            self._told.update(dict.fromkeys(claims, 0))

    def look(self, *, hold: bool) -> None:
        """One round: tell what changed, hold what is open where `hold` says so, forget what is answered."""
        with self._lock:
            self._told = {claim: told for claim, told in self._told.items() if claim.open}
            claims = list(self._told.items())
        if claims and self._lease.idle_s() > self._stall_s:
            self._on_stall()
        for claim, told in claims:
            try:
                if hold:
                    claim.ticket.hold()
                if claim.percent != told:
                    self._book.progress(claim.job, claim.ticket.batch, claim.percent)
                    self._told[claim] = claim.percent
            except Exception:
                # A claim that cannot be held now may be in the next round; if not, its message comes back.
                logger.exception("claim not held", extra={"job_id": claim.job.job_id})

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(ROUND_S):
            rounds += 1
            self.look(hold=rounds % self._rounds_a_hold == 0)
