"""A maker who submits 100 times as much as the others: how much longer do the others wait?

Workers take batches from a model of an SQS fair queue, and order the images with the worker's own WaveQueue. A message
of a noisy maker is delivered only if there is none of another maker. By AWS's documentation, a maker is noisy with more
than 10 % of the messages in flight and at least 30 of them, or with more than 10 % of the recent processing time. It
stays noisy until it has no message left.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from benchmarks.entries import Entry, build_ratio
from craftspark.jobs.batches import Batch, BatchResult, batches_of
from craftspark.jobs.job import Job, JobState
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.wave_queue import Renderer, WaveQueue

WORKERS, MAKERS, BATCH_IMAGES, WAVE_S = 8, 40, 4, 2.0
# The other makers' share of the workers' time. The fleet's goal is 1.15 times the pure work.
LOAD, LESS = 1 / 1.15, 0.6
SPAN_S = 3600.0
FLOOD = 100
SEEDS = range(1, 6)
SHARE, LEAST_IN_FLIGHT, RECENT_S = 0.1, 30, 300.0
NOISY = "noisy"


@dataclass(frozen=True, kw_only=True, order=True)
class Message:
    """A batch that came at `at` seconds."""

    at: float
    number: int
    maker: str


@dataclass
class FairQueue:
    """A model of a fair queue."""

    waiting: dict[str, deque[Message]] = field(default_factory=lambda: defaultdict(deque))
    in_flight: Counter[str] = field(default_factory=Counter)
    noisy: set[str] = field(default_factory=set)
    processed: deque[tuple[float, str, float]] = field(default_factory=deque)
    processing_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def send(self, message: Message) -> None:
        self.waiting[message.maker].append(message)

    def receive(self, now: float) -> Message | None:
        """The oldest message of a quiet maker, or else one of the noisy maker with the fewest in flight."""
        self._judge(now)
        makers = [maker for maker, messages in self.waiting.items() if messages]
        if not makers:
            return None
        maker = min(
            makers,
            key=lambda each: (
                each in self.noisy,
                self.in_flight[each] if each in self.noisy else 0,
                self.waiting[each][0],
            ),
        )
        self.in_flight[maker] += 1
        return self.waiting[maker].popleft()

    def delete(self, message: Message, now: float, seconds: float) -> None:
        self.in_flight[message.maker] -= 1
        self.processed.append((now, message.maker, seconds))
        self.processing_s[message.maker] += seconds

    def _judge(self, now: float) -> None:
        while self.processed and self.processed[0][0] < now - RECENT_S:
            _, maker, seconds = self.processed.popleft()
            self.processing_s[maker] -= seconds
        flying, busy_s = self.in_flight.total(), sum(self.processing_s.values())
        for maker, messages in self.waiting.items():
            count = self.in_flight[maker]
            if not messages:
                self.noisy.discard(maker)
            elif (count >= LEAST_IN_FLIGHT and count > SHARE * flying) or self.processing_s[maker] > SHARE * busy_s > 0:
                self.noisy.add(maker)


class OneImage(Renderer):
    """A GPU: waves of one image."""

    wave_size = 1

    def kind(self, order: ImageOrder) -> Hashable:
        return order.tool

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        raise NotImplementedError("only the order of the images is simulated")

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        raise NotImplementedError("as above")


@dataclass
class Handle:
    """A batch whose answers nobody needs."""

    batch: Batch
    suspect: bool = False

    def extend(self) -> None: ...

    def succeed(self, result: BatchResult) -> None: ...

    def fail(self, error: Exception) -> None: ...

    def retry(self, error: Exception) -> None: ...


def simulate(seed: int, *, flood: int, load: float) -> dict[str, list[float]]:
    """The waits of each maker's batches until their first wave, in seconds."""
    queue, waits = FairQueue(), defaultdict[str, list[float]](list)
    arrivals = deque(arrive(seed, flood, load))
    turns = [(0.0, worker) for worker in range(WORKERS)]
    waves = [WaveQueue(OneImage(), max_wait_s=60.0) for _ in range(WORKERS)]
    taken: dict[str, tuple[Message, float]] = {}
    while turns:
        now, worker = heappop(turns)
        while arrivals and arrivals[0].at <= now:
            queue.send(arrivals.popleft())
        if not waves[worker]:
            message = queue.receive(now)
            if message is None:
                if arrivals:
                    heappush(turns, (arrivals[0].at, worker))
                continue
            claim = claim_of(message)
            taken[claim.job.job_id] = (message, now)
            waves[worker].add([claim])
        wave = waves[worker].pop()
        assert wave
        [(claim, order)] = wave
        message, since = taken[claim.job.job_id]
        if order.index == 0:
            waits[message.maker].append(now - message.at)
        if order.index == BATCH_IMAGES - 1:
            queue.delete(message, now + WAVE_S, now + WAVE_S - since)
        heappush(turns, (now + WAVE_S, worker))
    return waits


def arrive(seed: int, flood: int, load: float) -> list[Message]:
    """Batches at random times: each maker has the same rate, and the noisy one `flood` times that rate."""
    chance = random.Random(seed)
    each = load * WORKERS * SPAN_S / (WAVE_S * BATCH_IMAGES) / MAKERS
    counts = {f"maker-{number}": round(each) for number in range(MAKERS)} | {NOISY: round(each * flood)}
    times = sorted((chance.uniform(0, SPAN_S), maker) for maker, count in counts.items() for _ in range(count))
    return [Message(at=at, number=number, maker=maker) for number, (at, maker) in enumerate(times)]


def claim_of(message: Message) -> Claim:
    job = replace(JOB, job_id=f"{message.number:026}", maker=message.maker)
    [batch] = batches_of(job, BATCH_IMAGES)
    return Claim(Handle(batch), job, stored=())


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
JOB = Job(
    job_id="",
    maker="",
    tool="picture",
    model="sdxl-lightning",
    pool="draw",
    request={},
    fingerprint="",
    lane="interactive",
    seeds=tuple(range(BATCH_IMAGES)),
    credits_per_image=1,
    state=JobState.QUEUED,
    created_at=NOON,
    deadline=NOON + timedelta(hours=1),
    expires_at=NOON + timedelta(days=1),
)


def percentile_of_others(waits: dict[str, list[float]]) -> float:
    others = sorted(wait for maker, each in waits.items() if maker != NOISY for wait in each)
    return others[len(others) * 99 // 100]


def measure() -> list[Entry]:
    """`flood_p99_ratio`: the others' 99th percentile of the wait with a flood, over the same without one."""
    quiet, floods = measure_waits(LOAD)
    less_quiet, less_floods = measure_waits(LESS)
    beside = {
        "p99_without_s": round(max(quiet), 1),
        "p99_with_s": round(max(floods), 1),
        "p99_without_s_at_60_percent": round(max(less_quiet), 1),
        "p99_with_s_at_60_percent": round(max(less_floods), 1),
        "workers": WORKERS,
    }
    return [build_ratio("flood_p99_ratio", floods, quiet, goal=1.5, beside=beside)]


def measure_waits(load: float) -> tuple[list[float], list[float]]:
    """The others' 99th percentiles at this load, without and with a flood, for each seed."""
    quiet, floods = (
        [percentile_of_others(simulate(seed, flood=flood, load=load)) for seed in SEEDS] for flood in (1, FLOOD)
    )
    return quiet, floods
