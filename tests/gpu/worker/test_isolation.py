"""A fault of one order affects only that order, at any place. The other orders of the wave get their pictures."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from craftspark.errors import ModelUnavailable, SourceMissing
from craftspark.errors.worker import DeviceLost
from craftspark.jobs.batches import BatchResult
from craftspark.jobs.job import Job, StoredImage
from craftspark.tools.sources import Source
from gpu_tasks.activity import Activities
from gpu_tasks.images.drawing import Drawing, Flaw, OnStep, reseed
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, FinishedImage, Png, encode_file, finish_unchanged
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.renderers.tool_renderers import ProvenanceEncoder, ToolRenderers
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.delivery import Delivery
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.waves import Worker
from tests.fakes import FakeBatchSource, FakeHandle, FakePace, FakeWatchdog, a_batch, a_job
from tests.gpu.rendering import MARKS, OneModel, an_order_of, silent, studio_with

WAVE = 4
FAULTS = ("fetch", "kind", "render", "second attempt", "finish", "picture check", "encode", "upload", "entry")
LETTERS = "abcd"
Images = dict[tuple[str, int], bytes]


class Fault:
    """Raises an error for one image at one place."""

    def __init__(self, place: str, error: Exception, job_id: str = "", index: int = -1) -> None:
        self.place, self.error, self.image = place, error, (job_id, index)

    def at(self, place: str, job_id: str, index: int) -> None:
        if place == self.place and (job_id, index) == self.image:
            raise self.error


class Tool:
    """Draws noise from the seed. In the first attempt, each drawing has a flaw, so that all share a second attempt."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def kind(self, order: ImageOrder) -> Hashable:
        self._fault.at("kind", order.job_id, order.index)
        return 0

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        for order in wave:
            again = order.seed > 100
            self._fault.at("second attempt" if again else "render", order.job_id, order.index)
        on_step(1.0)
        return [
            Drawing(
                pixels=np.random.default_rng(order.seed).integers(0, 255, (8, 8, 3), np.uint8),
                seed=order.seed,
                flaw=None if order.seed > 100 else Flaw(reason="it is bad", severity=1),
            )
            for order in wave
        ]

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        self._fault.at("finish", order.job_id, order.index)
        return finish_unchanged(drawing)


class FaultyMarks(ProvenanceEncoder):
    fault: Fault

    def encode(self, done: FinishedImage, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        self.fault.at("encode", order.job_id, order.index)
        return super().encode(done, order, drawing)


class PictureCheck:
    """Identifies an image by its pixels, because a check receives only pixels."""

    def __init__(self, fault: Fault, seeds: Mapping[int, tuple[str, int]]) -> None:
        self._fault = fault
        self._images = {
            np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8).tobytes(): image
            for seed, image in seeds.items()
        }

    def check(self, picture: Pixels) -> None:
        self._fault.at("picture check", *self._images[picture.tobytes()])


class Bucket:
    def __init__(self, fault: Fault) -> None:
        self._fault, self.images = fault, Images()

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        self._fault.at("upload", job_id, index)
        self.images[job_id, index] = png

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        raise AssertionError("no job ended meanwhile")


class Book:
    def __init__(self, fault: Fault) -> None:
        self._fault, self.entered = fault, set[tuple[str, int]]()

    def add(self, job: Job, image: StoredImage) -> None:
        self._fault.at("entry", job.job_id, image.index)
        self.entered.add((job.job_id, image.index))


def work(jobs: Sequence[Job], fault: Fault) -> tuple[Images, dict[str, FakeHandle]]:
    """Run a worker on these jobs. Returns the stored images, their records and the answers."""
    handles = {job.job_id: FakeHandle(a_batch(job)) for job in jobs}
    claims = [Claim(handles[job.job_id], job, stored=()) for job in jobs]
    orders = [order for claim in claims for order in claim.missing]
    provenance = FaultyMarks(model="m", model_sha256="0" * 64)
    object.__setattr__(provenance, "fault", fault)

    def fetch(order: ImageOrder) -> tuple[bytes, ...]:
        fault.at("fetch", order.job_id, order.index)
        return ()

    studio = ToolRenderers(
        {"picture": Tool(fault)},
        wave_size=WAVE,
        picture_check=PictureCheck(fault, {reseed(order).seed: (order.job_id, order.index) for order in orders}),
        provenance=provenance,
        fetch_sources=fetch,
    )
    activities, bucket, images = Activities(), Bucket(fault), Book(fault)
    delivery = Delivery(finish=studio.finish, bucket=bucket, images=images, activities=activities, retrier=Retrier())
    Worker(
        batch_source=FakeBatchSource(claims),
        renderer=OneModel(studio),
        delivery=delivery,
        watchdog=FakeWatchdog(),
        lease=Lease(grace_s=100),
        activities=activities,
        pace=FakePace(),
    ).run()
    delivery.close()
    return {image: png for image, png in bucket.images.items() if image in images.entered}, handles


NO_FAULT = Fault("nowhere", RuntimeError())


def errors(place: str) -> list[Exception]:
    secret = f"{place} of job aaaa, key uploads/secret.png"
    return [RuntimeError(secret), SourceMissing(secret)]


@pytest.mark.parametrize("at_fault", range(WAVE))
@pytest.mark.parametrize(("place", "error"), [(place, error) for place in FAULTS for error in errors(place)])
def test_a_fault_of_one_maker_s_order_reaches_no_other_maker(place: str, error: Exception, at_fault: int) -> None:
    jobs = [a_job(job_id=letter * 26, maker=f"maker-{letter}", seeds=(seed,)) for seed, letter in enumerate(LETTERS)]
    wanted, _ = work(jobs, NO_FAULT)

    images, handles = work(jobs, Fault(place, error, LETTERS[at_fault] * 26, 0))

    bad = LETTERS[at_fault] * 26
    assert images == {image: png for image, png in wanted.items() if image[0] != bad}
    assert handles.pop(bad).answers == [error]
    for handle in handles.values():
        assert handle.answers == [BatchResult(batch=0, rendered=(0,))]


@pytest.mark.parametrize("at_fault", range(WAVE))
@pytest.mark.parametrize("place", FAULTS)
def test_a_fault_of_one_image_keeps_none_beside_it_in_its_batch_from_being_delivered(place: str, at_fault: int) -> None:
    jobs = [a_job(seeds=(1, 2, 3, 4))]
    wanted, _ = work(jobs, NO_FAULT)
    error = RuntimeError(place)

    images, handles = work(jobs, Fault(place, error, jobs[0].job_id, at_fault))

    assert images == {image: png for image, png in wanted.items() if image[1] != at_fault}
    assert handles[jobs[0].job_id].answers == [error]


# With the real model.


def variations(*seeds: int) -> list[ImageOrder]:
    orders = []
    for seed in seeds:
        source = Source(
            reference=f"upload/{LETTERS[seed - 1] * 26}",
            bucket="uploads",
            key=str(seed),
            width=64,
            height=64,
            alpha=False,
        )
        orders.append(
            an_order_of("variations", seed, f'{{"source": "{source.reference}", "strength": 0.5, "steps": 2}}', source)
        )
    return orders


def fetch_but(key: str, fault: Callable[[], Any]) -> Callable[[Source], bytes]:
    def fetch(source: Source) -> bytes:
        if source.key == key:
            fault()
        rows = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3) * (1 + int(source.key)) % 256
        return encode_file(Png(pixels=rows.astype(np.uint8)))

    return fetch


def gone() -> None:
    raise SourceMissing("the source upload/2 is gone")


@pytest.mark.parametrize("at_fault", ["1", "2", "3", "4"])
def test_a_source_that_its_maker_deleted_keeps_nobody_from_a_variation(at_fault: str) -> None:
    orders = variations(1, 2, 3, 4)
    wanted = studio_with(fetch_but("", gone)).render(orders, silent)

    drawn = studio_with(fetch_but(at_fault, gone)).render(orders, silent)

    for order, now, before in zip(orders, drawn, wanted, strict=True):
        if order.sources and order.sources[0].key == at_fault:
            assert isinstance(now, SourceMissing)
        else:
            assert isinstance(now, Drawing)
            assert isinstance(before, Drawing)
            np.testing.assert_array_equal(now.pixels, before.pixels)


def test_a_request_that_its_renderer_breaks_of_keeps_the_same_pixels_for_those_beside_it() -> None:
    good = variations(1, 2, 4)
    wanted = studio_with(fetch_but("", gone)).render(good, silent)
    [bad] = variations(3)
    broken = ImageOrder(**{**vars(bad), "seed": "no number"})

    drawn = studio_with(fetch_but("", gone)).render([*good[:2], broken, good[2]], silent)

    assert not isinstance(drawn.pop(2), Drawing)
    for now, before in zip(drawn, wanted, strict=True):
        assert isinstance(now, Drawing)
        assert isinstance(before, Drawing)
        np.testing.assert_array_equal(now.pixels, before.pixels)


@pytest.mark.parametrize("error", [RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED"), ValueError("no number")])
@pytest.mark.parametrize("lost", [False, True])
def test_a_device_that_is_lost_is_no_order_s_fault_whatever_the_error_that_told_it(
    error: Exception, lost: bool
) -> None:
    jobs = [a_job(job_id=letter * 26, maker=f"maker-{letter}", seeds=(seed,)) for seed, letter in enumerate(LETTERS)]
    orders = [ImageOrder.of(job, 0, seed) for seed, job in enumerate(jobs)]
    tool = Tool(Fault("render", error, jobs[1].job_id, 0))
    studio = ToolRenderers(
        {"picture": tool},
        wave_size=WAVE,
        picture_check=PictureCheck(NO_FAULT, {}),
        provenance=MARKS,
        device_lost=lambda: lost,
    )

    if lost:
        with pytest.raises(DeviceLost, match=str(error)):
            studio.render(orders, silent)
    else:
        assert [isinstance(drawn, Drawing) for drawn in studio.render(orders, silent)] == [True, False, True, True]


def test_a_style_whose_adapter_is_missing_fails_the_orders_that_want_it_alone() -> None:
    tool = Tool(NO_FAULT)

    class Styled(Tool):
        def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
            if any(order.request["style"] == "gone" for order in wave):
                raise ModelUnavailable("the adapter is not there")
            return tool.render(wave, on_step)

    plain = a_job(seeds=(1,))
    styled = a_job(job_id="b" * 26, seeds=(2,), request={**plain.request, "style": "gone"})
    studio = ToolRenderers(
        {"picture": Styled(NO_FAULT)}, wave_size=WAVE, picture_check=PictureCheck(NO_FAULT, {}), provenance=MARKS
    )

    good, bad = studio.render([ImageOrder.of(plain, 0, 1), ImageOrder.of(styled, 0, 2)], silent)

    assert isinstance(good, Drawing)
    assert isinstance(bad, ModelUnavailable)
