import pytest

from craftspark.aws.render_book import JobEnded
from craftspark.batches import BatchResult
from craftspark.errors import ImageFlawed, SpotInterrupted, UnsafeContent
from craftspark.jobs import ImageFailure, JobState
from gpu_tasks.claim import Claim
from gpu_tasks.desks import claim
from gpu_tasks.lease import Lease
from gpu_tasks.rendering import Worker, waves
from tests.fakes import FakeBook, FakeDesk, FakeRenderer, FakeShelf, FakeTicket, FakeWatch, a_batch, a_job, a_record


def a_claim(*, stored: tuple[int, ...] = (), **changes: object) -> tuple[Claim, FakeTicket]:
    job = a_job(**changes)
    ticket = FakeTicket(a_batch(job))
    return Claim(ticket, job, stored=stored), ticket


def a_worker(renderer: FakeRenderer, *handfuls: list[Claim], lease: Lease | None = None) -> tuple[Worker, FakeShelf]:
    shelf = FakeShelf()
    lease = lease or Lease(grace_s=100)
    return Worker(desk=FakeDesk(*handfuls), renderer=renderer, shelf=shelf, watch=FakeWatch(), lease=lease), shelf


def test_a_batch_is_rendered_in_waves_and_answered_once() -> None:
    claimed, ticket = a_claim()
    renderer = FakeRenderer(wave_size=3)
    worker, shelf = a_worker(renderer, [claimed])

    worker.run()

    assert [len(wave) for wave in renderer.waves] == [3, 1]
    assert len(shelf.images) == 4
    assert ticket.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_resumed_batch_renders_only_what_the_interruption_left_out() -> None:
    first, first_ticket = a_claim()
    interrupted = FakeRenderer(wave_size=2, breaks_at_wave=1, error=SpotInterrupted("taken back"))
    a_worker(interrupted, [first])[0].run()

    resumed, ticket = a_claim(stored=tuple(interrupted.rendered))
    renderer = FakeRenderer(wave_size=2)
    a_worker(renderer, [resumed])[0].run()

    assert interrupted.rendered + renderer.rendered == [0, 1, 2, 3]
    assert isinstance(first_ticket.answers[0], SpotInterrupted)
    assert ticket.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_images_of_different_jobs_share_a_wave() -> None:
    one, _ = a_claim(seeds=(1,))
    other, _ = a_claim(job_id="b" * 26, seeds=(2,))
    renderer = FakeRenderer(wave_size=4)

    a_worker(renderer, [one, other])[0].run()

    assert renderer.waves == [[("a" * 26, 0), ("b" * 26, 0)]]


def test_images_of_different_kinds_never_share_a_wave() -> None:
    one, _ = a_claim(seeds=(1,))
    other, _ = a_claim(seeds=(2,), request={**a_job().request, "size": "64x64"})

    assert [len(wave) for wave in waves([one, other], FakeRenderer(wave_size=4))] == [1, 1]


def test_a_wave_that_breaks_concerns_only_its_own_batches() -> None:
    bad, bad_ticket = a_claim(seeds=(1, 2))
    good, good_ticket = a_claim(job_id="b" * 26, seeds=(3, 4))
    renderer = FakeRenderer(wave_size=2, breaks_at_wave=0)

    a_worker(renderer, [bad, good])[0].run()

    assert isinstance(bad_ticket.answers[0], RuntimeError)
    assert good_ticket.answers == [BatchResult(batch=0, rendered=(0, 1))]


def test_a_named_error_is_answered_by_its_name() -> None:
    claimed, ticket = a_claim()

    a_worker(FakeRenderer(breaks_at_wave=0, error=UnsafeContent("no")), [claimed])[0].run()

    assert [type(answer) for answer in ticket.answers] == [UnsafeContent]


def test_an_image_that_cannot_be_delivered_is_answered_by_name_beside_those_that_can() -> None:
    class Choosy(FakeRenderer):
        def render(self, wave, on_step):  # type: ignore[no-untyped-def]
            drawn = super().render(wave, on_step)
            return [
                ImageFlawed("it is flat") if order.index == 1 else each for order, each in zip(wave, drawn, strict=True)
            ]

    claimed, ticket = a_claim()

    a_worker(Choosy(wave_size=2), [claimed])[0].run()

    failure = ImageFailure(index=1, error="ImageFlawed", reason="it is flat")
    assert ticket.answers == [BatchResult(batch=0, rendered=(0, 2, 3), failed=(failure,))]
    assert claimed.percent == 100


def test_a_batch_without_a_deliverable_image_is_answered_and_not_tried_again() -> None:
    claimed, ticket = a_claim(seeds=(1,))

    claimed.failed(0, ImageFlawed("it is flat"))

    assert ticket.answers == [
        BatchResult(batch=0, rendered=(), failed=(ImageFailure(index=0, error="ImageFlawed", reason="it is flat"),))
    ]
    assert claimed.missing == ()


def test_nothing_is_rendered_that_does_not_fit_before_the_machine_is_gone() -> None:
    lease = Lease(grace_s=10)
    claimed, ticket = a_claim()
    renderer = FakeRenderer()
    worker, _ = a_worker(renderer, [claimed], lease=lease)
    worker.wave_s = 60

    lease.end()
    worker.run()

    assert renderer.waves == []
    assert isinstance(ticket.answers[0], SpotInterrupted)


def test_a_wave_that_fits_is_finished_although_the_machine_is_being_taken_back() -> None:
    lease = Lease(grace_s=100)
    claimed, ticket = a_claim()
    worker, _ = a_worker(FakeRenderer(), [claimed], lease=lease)
    worker.wave_s = 1

    lease.end()
    worker.run()

    assert ticket.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_batch_that_is_done_is_answered_without_rendering() -> None:
    record = a_record(stored=(0, 1, 2, 3))
    ticket = FakeTicket(a_batch(record.job))

    assert claim(ticket, FakeBook(record)) is None
    assert ticket.answers == [BatchResult(batch=0, rendered=(0, 1, 2, 3))]


def test_a_cancelled_job_is_answered_without_rendering() -> None:
    record = a_record(stored=(1,), state=JobState.CANCELLED)
    ticket = FakeTicket(a_batch(record.job))

    assert claim(ticket, FakeBook(record)) is None
    assert ticket.answers == [BatchResult(batch=0, rendered=(1,))]


def test_a_job_that_is_gone_fails_by_name() -> None:
    ticket = FakeTicket(a_batch(a_job()))

    assert claim(ticket, FakeBook()) is None
    assert [type(answer).__name__ for answer in ticket.answers] == ["JobNotFound"]


def test_a_job_that_ends_while_it_renders_is_no_failure() -> None:
    claimed, ticket = a_claim()

    claimed.broke(JobEnded("ended"))

    assert ticket.answers == [BatchResult(batch=0, rendered=())]


def test_a_claim_answers_once_whatever_comes_later() -> None:
    claimed, ticket = a_claim(seeds=(1,))

    claimed.broke(SpotInterrupted("taken back"))
    claimed.stored(0)
    claimed.broke(RuntimeError("late"))

    assert len(ticket.answers) == 1


def test_progress_is_told_in_percent_of_the_batch() -> None:
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
