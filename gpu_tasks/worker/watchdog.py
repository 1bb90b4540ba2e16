"""The watchdog: extends claims, reports their progress, and ends a worker that hangs."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from aws_lambda_powertools import Logger

from gpu_tasks.activity import Activities
from gpu_tasks.worker.claim import Claim

# How often progress is reported between milestones, in seconds.
ROUND_S = 1.0
# How many claims are extended at the same time: a call that hangs does not delay the other claims.
EXTEND_THREADS = 8

logger = Logger(service="gpu_worker")


class Watchdog:
    """A thread that extends every open claim each `extend_every_s` seconds.

    A worker that hangs must not keep its claims. If no activity makes progress for `stall_s` seconds, the watchdog
    calls `on_stall`: the process ends, and other workers receive the messages. If only one activity makes no progress
    for that long, the watchdog abandons it, and the others continue.
    """

    def __init__(
        self, *, activities: Activities, extend_every_s: float, stall_s: float, on_stall: Callable[[], None]
    ) -> None:
        self._activities = activities
        self._rounds_per_extension = max(1, round(extend_every_s / ROUND_S))
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._claims: set[Claim] = set()
        self._active: dict[tuple[Claim, str], Future[None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._extenders = ThreadPoolExecutor(EXTEND_THREADS, thread_name_prefix="extend")
        self._reporters = ThreadPoolExecutor(1, thread_name_prefix="progress")
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for threads in (self._extenders, self._reporters):
            threads.shutdown(wait=True, cancel_futures=True)

    def add(self, claims: Iterable[Claim]) -> None:
        """Watch these claims until they are answered."""
        self._activities.touch()
        with self._lock:
            self._claims.update(claims)

    @property
    def holds_claims(self) -> bool:
        """Whether a claim is not yet answered."""
        with self._lock:
            return any(claim.open for claim in self._claims)

    def report(self, claim: Claim) -> None:
        """Report a milestone of the claim's progress in another thread."""
        self._reporters.submit(claim.progress.report)

    def run_round(self, *, extend: bool) -> list[Future[None]]:
        """Run one round: report progress, extend open claims if `extend` is true, and forget answered claims.

        Returns the calls that it starts, without waiting for them. It starts no call for a claim whose last call of the
        same kind still runs.
        """
        with self._lock:
            self._claims = {claim for claim in self._claims if claim.open}
            claims = list(self._claims)
        self._activities.abandon_stuck(self._stall_s)
        if (claims or self._activities.names) and self._activities.idle_s() > self._stall_s:
            self._on_stall()
        self._active = {key: call for key, call in self._active.items() if not call.done()}
        started = []
        for claim in claims:
            if extend and (claim, "extend") not in self._active:
                started.append(self._extenders.submit(self._extend, claim))
                self._active[claim, "extend"] = started[-1]
            if (claim, "report") not in self._active:
                started.append(self._reporters.submit(claim.progress.report, latest=True))
                self._active[claim, "report"] = started[-1]
        return started

    def _extend(self, claim: Claim) -> None:
        try:
            claim.handle.extend()
        except Exception:
            # The next round tries again. If that fails too, another worker receives the message.
            logger.exception("claim not extended", extra={"job_id": claim.job.job_id})

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(ROUND_S):
            rounds += 1
            try:
                self.run_round(extend=rounds % self._rounds_per_extension == 0)
            except Exception:
                logger.exception("watchdog round failed")
