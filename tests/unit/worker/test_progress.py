"""The progress that a maker receives does not depend on the speed of the batch."""

import threading

import pytest

from craftspark.jobs.batches import BatchResult
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.progress import Progress
from tests.fakes import FakeHandle, a_batch, a_job


def report_all(percents: list[int]) -> list[int]:
    """Return the reported progress of a batch that ends before the first report."""
    reported: list[int] = []
    progress = Progress(reported.append)
    for percent in percents:
        progress.advance(percent)
    progress.report()
    return reported


@pytest.mark.parametrize(
    ("steps", "reported"),
    [
        (list(range(1, 101)), [1, 25, 50, 75, 100]),
        ([5, 30, 55, 80, 100], [5, 30, 55, 80, 100]),
        ([0, 10, 20, 60, 100], [0, 60, 100]),
        ([100], [100]),
        ([50, 51, 40, 50, 76, 10, 100], [50, 76, 100]),
        ([24, 24, 24], [24]),
    ],
)
def test_the_first_step_and_each_quarter_are_reported_once_in_order(steps: list[int], reported: list[int]) -> None:
    assert report_all(steps) == reported


def test_only_new_progress_is_reported() -> None:
    reported: list[int] = []
    progress = Progress(reported.append)

    progress.advance(3)
    progress.report(latest=True)
    progress.advance(11)
    progress.report()
    progress.report(latest=True)
    progress.report(latest=True)

    assert reported == [3, 11]


def test_a_percentage_that_cannot_be_written_is_skipped() -> None:
    reported: list[int] = []

    def report(percent: int) -> None:
        if percent < 50:
            raise ConnectionError
        reported.append(percent)

    progress = Progress(report)
    for percent in (10, 30, 60):
        progress.advance(percent)
    progress.report()

    assert reported == [60]


def test_progress_is_reported_before_the_result_of_a_fast_batch() -> None:
    happened: list[object] = []
    job = a_job()

    class BatchHandle(FakeHandle):
        def succeed(self, result: BatchResult) -> None:
            happened.append(result)

    claimed = Claim(
        BatchHandle(a_batch(job)), job, stored=(), report=lambda _job, _batch, percent: happened.append(percent)
    )
    for index in range(4):
        claimed.record_progress(index, 1.0)
    for index in range(4):
        claimed.record_stored(index)

    assert happened == [25, 50, 75, 100, BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_result_waits_for_a_progress_report_that_is_being_written() -> None:
    telling, goes_on, reported = threading.Event(), threading.Event(), list[int]()

    def report(percent: int) -> None:
        telling.set()
        goes_on.wait()
        reported.append(percent)

    progress = Progress(report)
    progress.advance(40)
    teller = threading.Thread(target=progress.report)
    teller.start()
    telling.wait()
    progress.advance(100)
    answering = threading.Thread(target=progress.report)
    answering.start()
    goes_on.set()
    for thread in (teller, answering):
        thread.join()

    assert reported == [40, 100]
