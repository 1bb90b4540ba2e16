import threading
from concurrent.futures import Future, as_completed, wait

import pytest

from craftspark.jobs.batches import Batch
from craftspark.jobs.job import Job
from gpu_tasks.activity import Activities, TrackedBytes, record_activity
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.watchdog import Watchdog
from tests.clock import Clock
from tests.fakes import FakeHandle, a_batch, a_job

STALL_S = 60


class Watched:
    """A watchdog with a fake clock, and its results."""

    def __init__(self) -> None:
        self.clock, self.stalls, self.reported = Clock(), list[str](), list[int]()
        self.activities = Activities(self.clock)
        self.watchdog = Watchdog(
            activities=self.activities, extend_every_s=5, stall_s=STALL_S, on_stall=lambda: self.stalls.append("stall")
        )

    def claim(self, letter: str = "a") -> tuple[Claim, FakeHandle]:
        """A claim that the watchdog watches."""
        job = a_job(job_id=letter * 26)
        handle = FakeHandle(a_batch(job))
        claimed = Claim(handle, job, stored=(), report=self._report)
        self.watchdog.add([claimed])
        return claimed, handle

    def run_round(self, *, extend: bool = False) -> list[Future[None]]:
        """Run one round, and wait for everything that it starts."""
        started = self.watchdog.run_round(extend=extend)
        wait(started)
        return started

    def after(self, seconds: float) -> list[str]:
        """Advance the clock, run a round, and return the stalls."""
        self.clock.now += seconds
        self.run_round()
        return self.stalls

    def _report(self, _job: Job, _batch: Batch, percent: int) -> None:
        self.reported.append(percent)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_open_claims_are_extended_and_ended_ones_are_not(watched: Watched) -> None:
    claimed, handle = watched.claim()

    watched.run_round(extend=True)
    claimed.abort(RuntimeError())
    watched.run_round(extend=True)

    assert handle.extended == 1


def test_progress_between_milestones_is_reported_once_per_round_and_only_if_it_changed(watched: Watched) -> None:
    claimed, _ = watched.claim()

    claimed.record_progress(0, 0.2)
    watched.run_round()
    claimed.record_progress(0, 0.4)
    claimed.record_progress(0, 0.6)
    watched.run_round()
    watched.run_round()

    assert watched.reported == [5, 15]


def test_a_worker_without_progress_is_ended(watched: Watched) -> None:
    watched.claim()

    assert not watched.after(STALL_S - 1)
    assert watched.after(2) == ["stall"]


def test_an_idle_worker_never_stalls(watched: Watched) -> None:
    assert not watched.after(10_000)


@pytest.mark.parametrize(
    "move", [record_activity, lambda: TrackedBytes().write(b"part"), lambda: TrackedBytes(b"part").read()]
)
def test_any_progress_keeps_a_worker_alive(watched: Watched, move) -> None:  # type: ignore[no-untyped-def]
    watched.claim()

    with watched.activities.track("delivery"):
        for _ in range(10):
            assert not watched.after(STALL_S - 1)
            move()

    assert not watched.after(STALL_S - 1)
    assert watched.after(2) == ["stall"]


def test_progress_of_one_thread_keeps_the_worker_alive(watched: Watched) -> None:
    """The render thread waits until the delivery accepts its images, and the delivery makes progress."""
    waits, goes_on = threading.Event(), threading.Event()

    def render() -> None:
        with watched.activities.track("rendering"):
            waits.set()
            goes_on.wait()

    thread = threading.Thread(target=render)
    thread.start()
    waits.wait()
    watched.claim()

    with watched.activities.track("delivery"):
        for _ in range(5):
            assert not watched.after(STALL_S - 1)
            record_activity()
    assert watched.after(STALL_S + 1) == ["stall"]
    goes_on.set()
    thread.join()


def test_a_hanging_activity_ends_the_worker_although_no_claim_is_open_any_more(watched: Watched) -> None:
    claimed, _ = watched.claim()

    with watched.activities.track("delivery"):
        claimed.abort(RuntimeError("given up"))
        assert watched.after(STALL_S + 1) == ["stall"]


def test_an_activity_that_stalls_is_abandoned_once_and_the_others_continue(watched: Watched) -> None:
    watched.claim()
    hangs, goes_on, abandoned = threading.Event(), threading.Event(), list[str]()

    def deliver() -> None:
        with watched.activities.track("delivery", abandon=lambda: abandoned.append("image")):
            hangs.set()
            goes_on.wait()

    thread = threading.Thread(target=deliver)
    thread.start()
    hangs.wait()

    with watched.activities.track("rendering"):
        for _ in range(4):
            record_activity()
            assert not watched.after(STALL_S - 1)

    assert abandoned == ["image"]
    goes_on.set()
    thread.join()


def test_a_claim_that_cannot_be_extended_is_extended_in_the_next_round(watched: Watched) -> None:
    claimed, handle = watched.claim()
    claimed.record_progress(0, 1.0)

    def refuse() -> None:
        raise ConnectionError

    handle.extend = refuse  # type: ignore[method-assign]
    watched.run_round(extend=True)
    del handle.extend
    watched.run_round(extend=True)

    assert handle.extended == 1
    assert watched.reported == [25]


def test_a_call_that_hangs_does_not_delay_other_claims(watched: Watched) -> None:
    _, hanging = watched.claim("a")
    _, other = watched.claim("b")
    goes_on, calls = threading.Event(), list[str]()

    def hang() -> None:
        calls.append("extend")
        goes_on.wait()

    hanging.extend = hang  # type: ignore[method-assign]
    first = watched.watchdog.run_round(extend=True)
    for _ in zip(range(len(first) - 1), as_completed(first), strict=False):
        pass  # all calls except the one that hangs
    second = watched.watchdog.run_round(extend=True)
    goes_on.set()
    wait([*first, *second])

    assert other.extended == 2
    assert calls == ["extend"]
