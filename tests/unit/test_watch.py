from craftspark.batches import Batch
from craftspark.jobs import Job
from gpu_tasks.claim import Claim
from gpu_tasks.lease import Lease
from gpu_tasks.watch import Watch
from tests.fakes import FakeTicket, a_batch, a_job


class FakeProgress:
    def __init__(self) -> None:
        self.told: list[int] = []

    def progress(self, job: Job, batch: Batch, percent: int) -> None:
        self.told.append(percent)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_watch() -> tuple[Watch, FakeProgress, Clock, list[str]]:
    book, clock, stalls = FakeProgress(), Clock(), list[str]()
    lease = Lease(grace_s=10, now=clock)
    watch = Watch(book=book, lease=lease, hold_every_s=5, stall_s=60, on_stall=lambda: stalls.append("stall"))
    return watch, book, clock, stalls


def test_open_claims_are_held_and_answered_ones_are_not() -> None:
    watch, _, _, _ = a_watch()
    ticket = FakeTicket(a_batch(a_job()))
    claimed = Claim(ticket, a_job(), stored=())
    watch.add([claimed])

    watch.look(hold=True)
    claimed.broke(RuntimeError())
    watch.look(hold=True)

    assert ticket.held == 1


def test_progress_is_told_only_when_it_changed() -> None:
    watch, book, _, _ = a_watch()
    claimed = Claim(FakeTicket(a_batch(a_job())), a_job(), stored=())
    watch.add([claimed])

    watch.look(hold=False)
    claimed.rendered_images = 2
    watch.look(hold=False)
    watch.look(hold=False)

    assert book.told == [50]


def test_a_worker_that_makes_no_step_is_ended() -> None:
    watch, _, clock, stalls = a_watch()
    watch.add([Claim(FakeTicket(a_batch(a_job())), a_job(), stored=())])

    clock.now = 59
    watch.look(hold=False)
    assert not stalls
    clock.now = 61
    watch.look(hold=False)

    assert stalls == ["stall"]


def test_an_idle_worker_never_stalls() -> None:
    watch, _, clock, stalls = a_watch()

    clock.now = 10_000
    watch.look(hold=True)

    assert not stalls


def test_a_claim_that_cannot_be_held_now_is_held_in_the_next_round() -> None:
    watch, book, _, _ = a_watch()
    ticket = FakeTicket(a_batch(a_job()))
    claimed = Claim(ticket, a_job(), stored=())
    claimed.rendered_images = 1
    watch.add([claimed])

    def refuse() -> None:
        raise ConnectionError

    ticket.hold = refuse  # type: ignore[method-assign]
    watch.look(hold=True)
    del ticket.hold
    watch.look(hold=True)

    assert ticket.held == 1
    assert book.told == [25]
