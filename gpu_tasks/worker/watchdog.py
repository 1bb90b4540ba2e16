"""Beside the work: tell that claims are alive, tell how far they are, and end a worker that hangs."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from aws_lambda_powertools import Logger

from gpu_tasks.activity import Activities
from gpu_tasks.worker.claim import Claim

# How often progress is told besides its milestones, in seconds.
ROUND_S = 1.0
# Claims that are held at the same time: one whose call hangs does not keep the others from being held.
HOLDERS = 8

logger = Logger(service="gpu_worker")


class Watch:
    """A thread that holds every open claim each `hold_every_s` seconds.

    It would hold them for ever while the worker hangs. So after `stall_s` seconds in which nothing moved that is under
    way, it calls `on_stall`: the process ends, and the messages come back for another worker. An activity that stands
    still by itself for as long is given up, and the rest goes on.
    """

    def __init__(
        self, *, activities: Activities, hold_every_s: float, stall_s: float, on_stall: Callable[[], None]
    ) -> None:
        self._activities = activities
        self._rounds_a_hold = max(1, round(hold_every_s / ROUND_S))
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._claims: set[Claim] = set()
        self._under_way: dict[tuple[Claim, str], Future[None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._holders = ThreadPoolExecutor(HOLDERS, thread_name_prefix="hold")
        self._tellers = ThreadPoolExecutor(1, thread_name_prefix="progress")
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for threads in (self._holders, self._tellers):
            threads.shutdown(wait=True, cancel_futures=True)

    def add(self, claims: Iterable[Claim]) -> None:
        """Watch these until they are answered."""
        self._activities.touch()
        with self._lock:
            self._claims.update(claims)

    def tell(self, claim: Claim) -> None:
        """Have a milestone of the claim's progress told, without waiting for it."""
        self._tellers.submit(claim.progress.tell)

    def look(self, *, hold: bool) -> list[Future[None]]:
        """One round: tell what changed, hold what is open where `hold` says so, forget what is answered.

        Answers the calls that it has started. None of them is waited for here, and none is started for a claim whose
        last one is still under way.
        """
        with self._lock:
            self._claims = {claim for claim in self._claims if claim.open}
            claims = list(self._claims)
        self._activities.give_up_stuck(self._stall_s)
        if (claims or self._activities.names) and self._activities.idle_s() > self._stall_s:
            self._on_stall()
        self._under_way = {key: call for key, call in self._under_way.items() if not call.done()}
        started = []
        for claim in claims:
            if hold and (claim, "hold") not in self._under_way:
                started.append(self._holders.submit(self._hold, claim))
                self._under_way[claim, "hold"] = started[-1]
            if (claim, "tell") not in self._under_way:
                started.append(self._tellers.submit(claim.progress.tell, latest=True))
                self._under_way[claim, "tell"] = started[-1]
        return started

    def _hold(self, claim: Claim) -> None:
        try:
            claim.ticket.hold()
        except Exception:
            # A claim that cannot be held now may be in the next round; if not, its message comes back.
            logger.exception("claim not held", extra={"job_id": claim.job.job_id})

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(ROUND_S):
            rounds += 1
            try:
                self.look(hold=rounds % self._rounds_a_hold == 0)
            except Exception:
                logger.exception("round of the watch failed")
