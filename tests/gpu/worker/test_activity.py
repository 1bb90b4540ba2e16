"""Long operations report progress, so that the watchdog stops only a worker that hangs."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from craftspark.aws.jobs.images import ImageBucket
from craftspark.jobs.batches import BatchResult
from craftspark.jobs.job import Job, StoredImage
from gpu_tasks.activity import Activities, TrackedBytes
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.retries import Retrier
from gpu_tasks.tools.pattern.pattern import ScatteredTile
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.delivery import Delivery
from gpu_tasks.worker.watchdog import Watchdog
from tests.clock import Clock
from tests.fakes import FakeHandle, a_batch, a_job, grey
from tests.gpu.rendering import an_order_of, render, studio

CASES = Path(__file__).parents[2] / "cases"
MIB = 2**20
STALL_S = 60.0


class Signs:
    """A clock that does not advance and counts its reads. Each report of progress reads it once."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> float:
        self.count += 1
        return 0.0


def signs_of(work: Callable[[], object]) -> int:
    clock = Signs()
    with Activities(clock).track("work"):
        before = clock.count
        work()
        return clock.count - before


def test_finishing_a_large_sheet_tells_of_each_motif_and_each_part_of_a_file() -> None:
    largest = json.loads((CASES / "pattern-largest-sheet-eight.json").read_text())
    sheet = {"width": 28, "height": 28, "repeat": 28}  # its files have several parts already
    order = an_order_of("pattern", 1, json.dumps(largest | {"sheet": sheet, "steps": 3}))
    [drawn] = render(order)
    assert isinstance(drawn.parts, ScatteredTile)
    done: list[EncodedImage] = []

    signs = signs_of(lambda: done.append(studio().finish(order, drawn)))

    size = len(done[0].png) + sum(map(len, done[0].files.values()))
    assert size > 3 * MIB
    assert signs >= len(drawn.parts.placements) + size / MIB


def test_drawing_tells_of_each_tile_that_is_enlarged_and_each_motif_that_is_cut_out() -> None:
    order = an_order_of("clipart", 1, '{"prompt": "apple", "steps": 1}')

    assert signs_of(lambda: render(order)) >= 2


def test_cutting_tells_of_each_colour() -> None:
    order = an_order_of("clipart", 11, '{"prompt": "red apple", "colours": 6, "width_mm": 25, "steps": 4}')
    [drawn] = render(order)
    done: list[EncodedImage] = []

    signs = signs_of(lambda: done.append(studio().finish(order, drawn)))

    assert signs >= done[0].files["cut.svg"].count(b"<g ")


@pytest.mark.parametrize("size", [3 * MIB, 20 * MIB])
def test_an_upload_tells_of_each_part_that_is_sent(size: int) -> None:
    class Client:
        """Sends in parts, like http.client."""

        def put_object(self, *, Body: TrackedBytes, **_: object) -> None:  # noqa: N803 - boto3's name
            while Body.read(16 * 1024):
                pass

    bucket = ImageBucket(client=Client(), bucket="images", open_body=TrackedBytes)  # type: ignore[arg-type]

    signs = signs_of(lambda: bucket.put("a" * 26, 0, png=bytes(size), thumbnail_webp=b"", files={}))

    assert signs >= size / MIB


# A worker with a delivery that is slower than its GPU.


class ImageFiles:
    """Blocks uploads until the test releases them."""

    def __init__(self) -> None:
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def put(self, job_id: str, index: int, *, png: bytes, thumbnail_webp: bytes, files: Mapping[str, bytes]) -> None:
        if index == 0:
            self.begun.set()
            self.goes_on.wait()

    def drop(self, job_id: str, images: Iterable[StoredImage]) -> None:
        raise AssertionError("no job ended meanwhile")


class ImageRecords:
    def add(self, job: Job, image: StoredImage) -> None:
        pass


class CountedClaim(Claim):
    """Lets a test wait until images are stored."""

    counted = threading.Semaphore(0)

    def record_stored(self, index: int) -> None:
        super().record_stored(index)
        self.counted.release()


def finish(order: ImageOrder, drawing: Drawing) -> EncodedImage:
    return encode_image(finish_unchanged(drawing))


def pixels(order: ImageOrder) -> Pixels:
    return grey(order).pixels


def test_an_upload_that_hangs_is_given_up_within_the_bound_and_its_siblings_are_delivered() -> None:
    clock, stalls = Clock(), list[str]()
    activities, bucket = Activities(clock), ImageFiles()
    watchdog = Watchdog(
        activities=activities, extend_every_s=5, stall_s=STALL_S, on_stall=lambda: stalls.append("stall")
    )
    delivery = Delivery(finish=finish, bucket=bucket, images=ImageRecords(), activities=activities, retrier=Retrier())
    job = a_job()
    handle = FakeHandle(a_batch(job))
    claim = CountedClaim(handle, job, stored=())
    watchdog.add([claim])
    for order in claim.missing:
        delivery.deliver(claim, order, Drawing(pixels=pixels(order), seed=order.seed), 0.1)
    bucket.begun.wait()
    for _ in range(3):
        claim.counted.acquire()

    clock.now = STALL_S + 1
    watchdog.run_round(extend=False)

    [answer] = handle.answers
    assert "made no progress" in str(answer)
    assert stalls == ["stall"]  # no other operation is in progress, so the process ends, and its thread with it
    bucket.goes_on.set()
    delivery.close()


def test_an_image_that_arrives_before_its_batch_is_answered_counts_although_it_was_given_up() -> None:
    job = a_job(seeds=(1, 2))
    handle = FakeHandle(a_batch(job))
    claim = Claim(handle, job, stored=())

    claim.record_failure(0, RuntimeError("no progress"))
    claim.record_stored(0)
    claim.record_stored(1)

    assert handle.answers == [BatchResult(batch=0, rendered=(0, 1))]
