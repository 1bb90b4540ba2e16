"""What a maker hears of progress does not depend on how fast the batch is."""

import threading

import pytest

from craftspark.jobs.batches import BatchResult
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.progress import Progress
from tests.fakes import FakeTicket, a_batch, a_job


def told_of(percents: list[int]) -> list[int]:
    """What is told of a batch that is done before anybody looks."""
    told: list[int] = []
    progress = Progress(told.append)
    for percent in percents:
        progress.reach(percent)
    progress.tell()
    return told


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (list(range(1, 101)), [1, 25, 50, 75, 100]),
        ([5, 30, 55, 80, 100], [5, 30, 55, 80, 100]),
        ([0, 10, 20, 60, 100], [0, 60, 100]),
        ([100], [100]),
        ([50, 51, 40, 50, 76, 10, 100], [50, 76, 100]),
        ([24, 24, 24], [24]),
    ],
)
def test_the_first_step_and_each_quarter_are_told_once_and_in_order(steps: list[int], told: list[int]) -> None:
    assert told_of(steps) == told


def test_the_latest_is_told_where_it_is_asked_for_and_new() -> None:
    told: list[int] = []
    progress = Progress(told.append)

    progress.reach(3)
    progress.tell(latest=True)
    progress.reach(11)
    progress.tell()
    progress.tell(latest=True)
    progress.tell(latest=True)

    assert told == [3, 11]


def test_a_percentage_that_cannot_be_written_is_left_out_and_the_next_is_told() -> None:
    told: list[int] = []

    def tell(percent: int) -> None:
        if percent < 50:
            raise ConnectionError
        told.append(percent)

    progress = Progress(tell)
    for percent in (10, 30, 60):
        progress.reach(percent)
    progress.tell()

    assert told == [60]


def test_progress_is_told_before_the_answer_however_fast_the_batch_is() -> None:
    happened: list[object] = []
    job = a_job()

    class Ticket(FakeTicket):
        def succeed(self, result: BatchResult) -> None:
            happened.append(result)

    claimed = Claim(Ticket(a_batch(job)), job, stored=(), tell=lambda _job, _batch, percent: happened.append(percent))
    for index in range(4):
        claimed.rendered(index, 1.0)
    for index in range(4):
        claimed.stored(index)

    assert happened == [25, 50, 75, 100, BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_whoever_answers_waits_for_progress_that_is_just_being_told() -> None:
    telling, goes_on, told = threading.Event(), threading.Event(), list[int]()

    def tell(percent: int) -> None:
        telling.set()
        goes_on.wait()
        told.append(percent)

    progress = Progress(tell)
    progress.reach(40)
    teller = threading.Thread(target=progress.tell)
    teller.start()
    telling.wait()
    progress.reach(100)
    answering = threading.Thread(target=progress.tell)
    answering.start()
    goes_on.set()
    for thread in (teller, answering):
        thread.join()

    assert told == [40, 100]
