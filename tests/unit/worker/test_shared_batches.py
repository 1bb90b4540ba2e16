"""Two workers with one batch, one after the other or at the same time: no image that is stored is drawn again."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import pytest

from craftspark.aws.orchestration.gpu_queue import MessageNotHeld
from craftspark.errors import SpotInterrupted
from craftspark.errors.worker import DeviceLost
from craftspark.jobs.batches import BatchResult
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.batch_handles import QueueHandle
from gpu_tasks.worker.batch_sources import open_claim
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.waves import Worker
from tests.clock import Clock
from tests.fakes import (
    FakeBatchSource,
    FakeDelivery,
    FakeHandle,
    FakePace,
    FakeRenderer,
    FakeRenderRecords,
    FakeWatchdog,
    a_batch,
    a_job,
    a_record,
)

VISIBILITY_S = 60


class SlowDelivery:
    """Stores an image when the test says so."""

    def __init__(self) -> None:
        self._due: list[tuple[Claim, int]] = []

    def deliver(self, claim: Claim, order: ImageOrder, drawn: Drawing, render_s: float) -> None:
        claim.begin_delivery(order.index)
        self._due.append((claim, order.index))

    def store(self, images: int) -> None:
        for claim, index in self._due[:images]:
            claim.record_stored(index)
        del self._due[:images]


class Between(FakeRenderer):
    """Calls `between` before its second wave ends, as something that happens meanwhile."""

    def __init__(self, between: Callable[[], None]) -> None:
        super().__init__(wave_size=1)
        self._between = between

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        if len(self.waves) == 1:
            self._between()
        return super().render(wave, on_step)


def run(renderer: FakeRenderer, delivery: SlowDelivery | FakeDelivery, *claims: Claim) -> None:
    Worker(
        batch_source=FakeBatchSource(list(claims)),
        renderer=renderer,
        delivery=delivery,
        watchdog=FakeWatchdog(),
        lease=Lease(grace_s=100),
        activities=Activities(),
        pace=FakePace(),
        retrier=Retrier(max_retry_s=0),
    ).run()


def a_claim(*, read: Callable[[], Collection[int]] = tuple, in_doubt: bool = False) -> tuple[Claim, FakeHandle]:
    handle = FakeHandle(a_batch(a_job()), in_doubt=in_doubt)
    return Claim(handle, a_job(), stored=(), read_stored=read), handle


@pytest.mark.parametrize("error", [SpotInterrupted("taken back"), RuntimeError("returned")])
def test_a_batch_is_returned_after_its_drawn_images_are_stored(error: Exception) -> None:
    claimed, handle = a_claim()
    delivery = SlowDelivery()

    run(Between(lambda: claimed.abort(error)), delivery, claimed)

    assert handle.answers == []
    assert not claimed.active
    delivery.store(1)
    assert handle.answers == []
    delivery.store(1)
    assert handle.answers == [error]


def test_a_lost_gpu_returns_its_batches_after_the_drawn_images_are_stored() -> None:
    claimed, handle = a_claim()
    delivery, error = SlowDelivery(), DeviceLost("gone")

    with pytest.raises(DeviceLost):
        run(FakeRenderer(wave_size=2, breaks_at_wave=1, error=error), delivery, claimed)

    assert handle.answers == []
    delivery.store(2)
    assert handle.answers == [error]


def test_an_interrupted_batch_whose_last_images_are_stored_has_succeeded() -> None:
    claimed, handle = a_claim()
    delivery = SlowDelivery()
    run(FakeRenderer(wave_size=4), delivery, claimed)

    claimed.abort(SpotInterrupted("taken back"))
    delivery.store(4)

    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_an_image_in_delivery_that_fails_does_not_hold_the_answer() -> None:
    claimed, handle = a_claim()
    run(FakeRenderer(wave_size=4), SlowDelivery(), claimed)
    error = SpotInterrupted("taken back")

    claimed.abort(error)
    for index in range(4):
        claimed.record_failure(index, SpotInterrupted("no time"))

    assert handle.answers == [error]


def test_an_image_that_another_worker_stored_meanwhile_is_not_drawn_again() -> None:
    stored: set[int] = set()
    claimed, handle = a_claim(read=lambda: stored, in_doubt=True)
    renderer = Between(lambda: stored.update({2, 3}))

    run(renderer, FakeDelivery(), claimed)

    assert renderer.rendered == [0, 1]
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_batch_without_doubt_is_not_read_before_its_waves() -> None:
    reads: list[int] = []

    def read() -> Collection[int]:
        reads.append(1)
        return ()

    claimed, _ = a_claim(read=read)

    run(FakeRenderer(wave_size=1), FakeDelivery(), claimed)

    assert reads == []


def test_a_batch_that_another_worker_has_now_is_not_drawn_and_not_answered() -> None:
    claimed, handle = a_claim()
    renderer = Between(lambda: setattr(handle, "lost", True))

    run(renderer, FakeDelivery(), claimed)

    assert renderer.rendered == [0, 1]
    assert not claimed.open
    assert handle.answers == []


def test_a_batch_in_doubt_that_cannot_be_read_is_returned() -> None:
    def fail() -> Collection[int]:
        raise ConnectionError("no table")

    claimed, handle = a_claim(read=fail, in_doubt=True)
    renderer = FakeRenderer()

    run(renderer, FakeDelivery(), claimed)

    assert renderer.rendered == []
    assert len(handle.answers) == 1


def test_an_open_claim_reads_the_jobs_table_when_it_is_in_doubt() -> None:
    handle = FakeHandle(a_batch(a_job()), in_doubt=True)
    records = FakeRenderRecords(a_record())
    claimed = open_claim(handle, records)
    assert claimed

    records.records[claimed.job.job_id] = a_record(stored=(0, 3))
    claimed.refresh()

    assert [order.index for order in claimed.missing] == [1, 2]


class FakeQueue:
    """Hides messages until the test says otherwise."""

    visibility_s = VISIBILITY_S
    held = True

    def hide(self, receipt: str, seconds: int | None = None) -> None:
        if not self.held:
            raise MessageNotHeld("received again")


class FakeCallback:
    heartbeats = 0

    def heartbeat(self) -> bool:
        self.heartbeats += 1
        return True


def a_handle(clock: Clock, *, receives: int = 1, waited_s: float = 0.0) -> QueueHandle:
    return QueueHandle(
        batch=a_batch(a_job()),
        callback=cast(Any, FakeCallback()),
        queue=cast(Any, FakeQueue()),
        answers=Answers(Retrier()),
        receipt="receipt",
        receives=receives,
        max_receives=3,
        waited_s=waited_s,
        held_until=clock.now + VISIBILITY_S,
        now=clock,
    )


def test_a_message_is_in_doubt_if_it_was_received_before_or_waited_for_long() -> None:
    assert not a_handle(Clock()).in_doubt
    assert a_handle(Clock(), receives=2).in_doubt
    assert a_handle(Clock(), waited_s=VISIBILITY_S + 1).in_doubt


def test_a_message_that_is_extended_in_time_is_not_in_doubt() -> None:
    clock = Clock()
    handle = a_handle(clock)

    for _ in range(5):
        clock.now += VISIBILITY_S - 1
        handle.extend()

    assert not handle.in_doubt


@pytest.mark.parametrize("looked", [True, False])
def test_a_message_that_was_visible_for_a_moment_stays_in_doubt(looked: bool) -> None:
    clock = Clock()
    handle = a_handle(clock)

    clock.now += VISIBILITY_S + 1
    assert not looked or handle.in_doubt
    handle.extend()

    assert handle.in_doubt


def test_a_message_that_its_receipt_does_not_hide_is_lost_and_still_sends_a_heartbeat() -> None:
    handle = a_handle(Clock())
    cast(Any, handle.queue).held = False

    with pytest.raises(MessageNotHeld):
        handle.extend()

    assert handle.lost
    assert cast(Any, handle.callback).heartbeats == 1
