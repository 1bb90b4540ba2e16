"""A maker who submits 100 times as much as the others: how much longer do the others wait?

Workers take batches from the simulation's model of an SQS fair queue, and order the images with the worker's own
WaveQueue.

SQS publishes when a maker is noisy: with more than 10 % of the messages in flight and at least 30 of them, or with more
than 10 % of the recent processing time. It also publishes that a noisy maker's messages come after those of the others,
and that it is quiet again when its backlog is gone or when it has sent nothing for five minutes. It does not publish
which time counts as recent, nor how it estimates the shares over its servers. Here, processing time counts with a decay
over 60 seconds, and the shares are exact. See `simulation.model.queues.Fairness`.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from operator import truediv
from statistics import median

from benchmarks.entries import Entry, build_ratio
from craftspark.jobs.batches import Batch, BatchResult, batches_of
from craftspark.jobs.job import Job, JobState
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.wave_queue import Renderer, WaveQueue
from simulation import demand
from simulation.model import queues

WORKERS, MAKERS, BATCH_IMAGES, WAVE_S = 8, 40, 4, 2.0
# The other makers' share of the workers' time. The fleet's goal is 1.15 times the pure work.
LOAD, LESS = 1 / 1.15, 0.6
SPAN_S = 3600.0
FLOOD = 100
SEEDS = range(1, 6)
# The makers are numbers; the one with the flood is the last.
NOISY = MAKERS


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
    in_doubt: bool = False
    lost: bool = False

    def extend(self) -> None: ...

    def succeed(self, result: BatchResult) -> None: ...

    def fail(self, error: Exception) -> None: ...

    def retry(self, error: Exception) -> None: ...


def simulate(seed: int, *, flood: int, load: float) -> dict[int, list[float]]:
    """The waits of each maker's batches until their first wave, in seconds."""
    queue, waits = queues.FairQueue(queues.Fairness()), defaultdict[int, list[float]](list)
    arrivals = deque(arrive(seed, flood, load))
    turns = [(0.0, worker) for worker in range(WORKERS)]
    waves = [WaveQueue(OneImage(), max_wait_s=60.0) for _ in range(WORKERS)]
    taken: dict[str, tuple[queues.Batch, float]] = {}
    while turns:
        now, worker = heappop(turns)
        while arrivals and arrivals[0].job.at <= now:
            batch = arrivals.popleft()
            queue.put(batch, batch.job.at)
        if not waves[worker]:
            if not queue:
                if arrivals:
                    heappush(turns, (arrivals[0].job.at, worker))
                continue
            batch = queue.take(now)
            claim = claim_of(batch)
            taken[claim.job.job_id] = (batch, now)
            waves[worker].add([claim])
        wave = waves[worker].pop()
        assert wave
        [(claim, order)] = wave
        batch, since = taken[claim.job.job_id]
        if order.index == 0:
            waits[batch.job.maker].append(now - batch.job.at)
        if order.index == BATCH_IMAGES - 1:
            queue.finish(batch, now + WAVE_S, now + WAVE_S - since)
        heappush(turns, (now + WAVE_S, worker))
    return waits


def arrive(seed: int, flood: int, load: float) -> list[queues.Batch]:
    """Batches at random times: each maker has the same rate, and the noisy one `flood` times that rate."""
    chance = random.Random(seed)
    each = load * WORKERS * SPAN_S / (WAVE_S * BATCH_IMAGES) / MAKERS
    counts = dict.fromkeys(range(MAKERS), round(each)) | {NOISY: round(each * flood)}
    times = sorted((chance.uniform(0, SPAN_S), maker) for maker, count in counts.items() for _ in range(count))
    jobs = [demand.Job(at=at, images=BATCH_IMAGES, image_s=WAVE_S, maker=maker) for at, maker in times]
    return [queues.Batch(job, number, BATCH_IMAGES, number) for number, job in enumerate(jobs)]


def claim_of(batch: queues.Batch) -> Claim:
    job = replace(JOB, job_id=f"{batch.number:026}", maker=str(batch.job.maker))
    [work] = batches_of(job, BATCH_IMAGES)
    return Claim(Handle(work), job, stored=())


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


def percentile_of_others(waits: Mapping[int, Sequence[float]]) -> float:
    others = sorted(wait for maker, each in waits.items() if maker != NOISY for wait in each)
    return others[len(others) * 99 // 100]


def measure() -> list[Entry]:
    """`flood_p99_ratio`: the others' 99th percentile of the wait with a flood, over the same without one.

    The goal holds at the load that the fleet aims at. At a lower load, an idle worker takes a batch immediately if
    there is no flood, and a flood leaves no worker idle. So the ratio is larger there, and the waits are shorter.
    """
    quiet, floods = measure_waits(LOAD)
    less_quiet, less_floods = measure_waits(LESS)
    beside = {
        "utilisation": f"{LOAD:.0%}",
        "p99_without_s": round(median(quiet), 1),
        "p99_with_s": round(median(floods), 1),
        "ratio_at_60_percent": round(median(map(truediv, less_floods, less_quiet)), 4),
        "p99_without_s_at_60_percent": round(median(less_quiet), 1),
        "p99_with_s_at_60_percent": round(median(less_floods), 1),
        "workers": WORKERS,
    }
    return [build_ratio("flood_p99_ratio", floods, quiet, goal=1.5, beside=beside)]


def measure_waits(load: float) -> tuple[list[float], list[float]]:
    """The others' 99th percentiles at this load, without and with a flood, for each seed."""
    quiet, floods = (
        [percentile_of_others(simulate(seed, flood=flood, load=load)) for seed in SEEDS] for flood in (1, FLOOD)
    )
    return quiet, floods
