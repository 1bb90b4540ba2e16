from collections.abc import Hashable, Sequence

import pytest

from craftspark.aws.jobs.render_table import JobEnded
from craftspark.errors import ImageFlawed, ModelUnavailable, SourceMissing, SpotInterrupted
from craftspark.jobs.batches import BatchResult
from craftspark.jobs.job import ImageFailure, JobState
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.worker.batch_sources import open_claim
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.waves import Worker
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


def a_claim(*, stored: tuple[int, ...] = (), **changes: object) -> tuple[Claim, FakeHandle]:
    job = a_job(**changes)
    handle = FakeHandle(a_batch(job))
    return Claim(handle, job, stored=stored), handle


def a_worker(renderer: FakeRenderer, *handfuls: list[Claim], lease: Lease | None = None) -> tuple[Worker, FakeDelivery]:
    delivery = FakeDelivery()
    lease = lease or Lease(grace_s=100)
    worker = Worker(
        batch_source=FakeBatchSource(*handfuls),
        renderer=renderer,
        delivery=delivery,
        watchdog=FakeWatchdog(),
        lease=lease,
        activities=Activities(),
        pace=FakePace(),
    )
    return worker, delivery


def test_a_batch_is_rendered_in_waves_and_answered_once() -> None:
    claimed, handle = a_claim()
    renderer = FakeRenderer(wave_size=3)
    worker, delivery = a_worker(renderer, [claimed])

    worker.run()

    assert [len(wave) for wave in renderer.waves] == [3, 1]
    assert len(delivery.images) == 4
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_resumed_batch_renders_only_what_the_interruption_left_out() -> None:
    first, first_ticket = a_claim()
    interrupted = FakeRenderer(wave_size=2, breaks_at_wave=1, error=SpotInterrupted("taken back"))
    a_worker(interrupted, [first])[0].run()

    resumed, handle = a_claim(stored=tuple(interrupted.rendered))
    renderer = FakeRenderer(wave_size=2)
    a_worker(renderer, [resumed])[0].run()

    assert interrupted.rendered + renderer.rendered == [0, 1, 2, 3]
    assert isinstance(first_ticket.answers[0], SpotInterrupted)
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_images_of_different_jobs_share_a_wave() -> None:
    one, _ = a_claim(seeds=(1,))
    other, _ = a_claim(job_id="b" * 26, seeds=(2,))
    renderer = FakeRenderer(wave_size=4)

    a_worker(renderer, [one, other])[0].run()

    assert renderer.waves == [[("a" * 26, 0), ("b" * 26, 0)]]


def test_images_of_different_kinds_never_share_a_wave() -> None:
    one, _ = a_claim(seeds=(1,))
    other, _ = a_claim(seeds=(2,), request={**a_job().request, "size": "64x64"})

    renderer = FakeRenderer(wave_size=4)

    a_worker(renderer, [one, other])[0].run()

    assert [len(wave) for wave in renderer.waves] == [1, 1]


class Faulty(FakeRenderer):
    """Raises an error in each wave that contains the faulty image."""

    def __init__(self, job_id: str, index: int, error: Exception, wave_size: int = 4) -> None:
        super().__init__(wave_size=wave_size)
        self._at_fault = job_id, index
        self._error = error

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        if any((order.job_id, order.index) == self._at_fault for order in wave):
            raise self._error
        return super().render(wave, on_step)


def test_a_wave_that_breaks_once_is_drawn_image_by_image_and_nothing_fails() -> None:
    claimed, handle = a_claim()
    renderer = FakeRenderer(wave_size=4, breaks_at_wave=0)

    a_worker(renderer, [claimed])[0].run()

    assert [len(wave) for wave in renderer.waves] == [1, 1, 1, 1]
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


@pytest.mark.parametrize("error", [RuntimeError("of a"), SourceMissing("the source image/a is gone")])
@pytest.mark.parametrize("at_fault", ["a", "b", "c", "d"])
def test_an_error_in_a_shared_wave_fails_only_the_faulty_order(at_fault: str, error: Exception) -> None:
    claims = {letter: a_claim(job_id=letter * 26, seeds=(number,)) for number, letter in enumerate("abcd")}

    a_worker(Faulty(at_fault * 26, 0, error), [claim for claim, _ in claims.values()])[0].run()

    answers = {letter: handle.answers for letter, (_, handle) in claims.items()}
    assert answers.pop(at_fault) == [error]
    assert list(answers.values()) == [[BatchResult(batch=0, rendered=(0,))]] * 3


def test_an_image_with_an_unnamed_error_is_retried_after_the_others_are_stored() -> None:
    claimed, handle = a_claim()
    error = RuntimeError("the kernel crashed")

    worker, delivery = a_worker(Faulty("a" * 26, 1, error, wave_size=2), [claimed])
    worker.run()

    assert [index for _, index in delivery.images] == [0, 2, 3]
    assert handle.answers == [error]


def test_an_image_with_a_named_error_is_reported_with_the_stored_ones() -> None:
    claimed, handle = a_claim()

    a_worker(Faulty("a" * 26, 3, SourceMissing("gone")), [claimed])[0].run()

    failure = ImageFailure(index=3, error="SourceMissing", reason="gone")
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2), failed=(failure,))]


def test_a_batch_whose_images_all_have_one_error_fails_with_it() -> None:
    claimed, handle = a_claim()

    a_worker(FakeRenderer(breaks_always=True, error=ModelUnavailable("no")), [claimed])[0].run()

    assert [type(answer) for answer in handle.answers] == [ModelUnavailable]


def test_an_order_without_a_kind_does_not_stop_the_others() -> None:
    class Unkind(FakeRenderer):
        def kind(self, order: ImageOrder) -> Hashable:
            if order.job_id[0] == "a":
                raise ModelUnavailable("no such style")
            return super().kind(order)

    bad, bad_ticket = a_claim()
    good, good_ticket = a_claim(job_id="b" * 26)

    a_worker(Unkind(), [bad, good])[0].run()

    assert [type(answer) for answer in bad_ticket.answers] == [ModelUnavailable]
    assert good_ticket.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_batch_whose_last_attempt_had_no_result_is_rendered_alone() -> None:
    suspect = Claim(FakeHandle(a_batch(a_job(seeds=(1,))), suspect=True), a_job(seeds=(1,)), stored=())
    one, _ = a_claim(job_id="b" * 26, seeds=(2,))
    other, _ = a_claim(job_id="c" * 26, seeds=(3,))
    renderer = FakeRenderer(wave_size=4)

    a_worker(renderer, [one, other, suspect])[0].run()

    assert renderer.waves == [[("b" * 26, 0), ("c" * 26, 0)], [("a" * 26, 0)]]


def test_no_batch_is_claimed_ahead_while_a_suspect_is_rendered() -> None:
    taken: list[str] = []

    class BatchSource(FakeBatchSource):
        def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
            taken.append("take")
            return super().take(images, wait=wait, bulk=bulk)

    class Noting(FakeRenderer):
        def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
            taken.append("render")
            return super().render(wave, on_step)

    suspect = Claim(FakeHandle(a_batch(a_job()), suspect=True), a_job(), stored=())
    worker, _ = a_worker(Noting(wave_size=4), [])
    worker.batch_source = BatchSource([suspect])

    worker.run()

    assert taken == ["take", "render", "take"]


def test_an_undeliverable_image_fails_with_its_error_and_the_others_are_delivered() -> None:
    class Choosy(FakeRenderer):
        def render(self, wave, on_step):  # type: ignore[no-untyped-def]
            drawn = super().render(wave, on_step)
            return [
                ImageFlawed("it is flat") if order.index == 1 else each for order, each in zip(wave, drawn, strict=True)
            ]

    claimed, handle = a_claim()

    a_worker(Choosy(wave_size=2), [claimed])[0].run()

    failure = ImageFailure(index=1, error="ImageFlawed", reason="it is flat")
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 2, 3), failed=(failure,))]
    assert claimed.percent == 100


def test_a_batch_without_a_deliverable_image_is_not_retried() -> None:
    claimed, handle = a_claim(seeds=(1,))

    claimed.record_failure(0, ImageFlawed("it is flat"))

    assert handle.answers == [
        BatchResult(batch=0, rendered=(), failed=(ImageFailure(index=0, error="ImageFlawed", reason="it is flat"),))
    ]
    assert claimed.missing == ()


def test_a_wave_that_cannot_finish_before_the_interruption_is_not_started() -> None:
    lease = Lease(grace_s=10)
    claimed, handle = a_claim()
    renderer = FakeRenderer()
    worker, _ = a_worker(renderer, [claimed], lease=lease)
    worker.wave_s = 60

    lease.end()
    worker.run()

    assert renderer.waves == []
    assert isinstance(handle.answers[0], SpotInterrupted)


def test_a_wave_that_can_finish_before_the_interruption_is_rendered() -> None:
    lease = Lease(grace_s=100)
    claimed, handle = a_claim()
    worker, _ = a_worker(FakeRenderer(), [claimed], lease=lease)
    worker.wave_s = 1

    lease.end()
    worker.run()

    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_complete_batch_succeeds_without_rendering() -> None:
    record = a_record(stored=(0, 1, 2, 3))
    handle = FakeHandle(a_batch(record.job))

    assert open_claim(handle, FakeRenderRecords(record)) is None
    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_batch_of_a_cancelled_job_ends_without_rendering() -> None:
    record = a_record(stored=(1,), state=JobState.CANCELLED)
    handle = FakeHandle(a_batch(record.job))

    assert open_claim(handle, FakeRenderRecords(record)) is None
    assert handle.answers == [BatchResult(batch=0, rendered=(1,))]


def test_a_batch_of_a_missing_job_fails_with_a_named_error() -> None:
    handle = FakeHandle(a_batch(a_job()))

    assert open_claim(handle, FakeRenderRecords()) is None
    assert [type(answer).__name__ for answer in handle.answers] == ["JobNotFound"]


def test_a_job_that_ends_during_rendering_is_not_a_failure() -> None:
    claimed, handle = a_claim()

    claimed.abort(JobEnded("ended"))

    assert handle.answers == [BatchResult(batch=0, rendered=())]


def test_a_claim_reports_one_result() -> None:
    claimed, handle = a_claim(seeds=(1,))

    claimed.abort(SpotInterrupted("taken back"))
    claimed.record_stored(0)
    claimed.abort(RuntimeError("late"))

    assert len(handle.answers) == 1


def test_progress_is_reported_in_percent_of_the_batch() -> None:
    claimed, _ = a_claim()
    seen = []

    class Watching(FakeRenderer):
        def render(self, wave, on_step):  # type: ignore[no-untyped-def]
            def watched(share: float) -> None:
                on_step(share)
                seen.append(claimed.percent)

            return super().render(wave, watched)

    a_worker(Watching(wave_size=2), [claimed])[0].run()

    assert seen == [25, 50, 75, 100]


@pytest.mark.parametrize("images", [1, 5])
def test_following_batches_are_taken_while_the_last_wave_renders(images: int) -> None:
    first, first_ticket = a_claim(seeds=tuple(range(images)))
    second, second_ticket = a_claim(job_id="b" * 26)

    a_worker(FakeRenderer(), [first], [second])[0].run()

    assert first_ticket.answers
    assert second_ticket.answers
