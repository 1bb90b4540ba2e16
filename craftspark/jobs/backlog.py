"""The work that waits for a GPU, under way included, and how fast workers have been lately."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, prod
from typing import Protocol

# The attributes of a job's item that the index of the backlog has.
WORK_ATTRIBUTES = ("lane", "tool", "kind", "state", "images", "images_stored", "work_s", "shared_s")


@dataclass(frozen=True, kw_only=True)
class WaitingJob:
    """An unfinished job. `work_s` is its whole work by the model's profile, `shared_s` the part of it that images of
    other jobs of the same `kind` can share. `stored` of its `images` are done."""

    lane: str
    tool: str
    kind: str
    running: bool
    images: int
    stored: int
    work_s: float
    shared_s: float


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What workers of a pool measured lately.

    `paces` are by tool: how many times as long as the profile says its waves take. `warm` tells whether a worker of
    the warm pool was heard of lately, `launch_s` how long jobs waited for a launched one, None where none was launched.
    """

    paces: Mapping[str, float] = field(default_factory=dict)
    warm: bool = False
    launch_s: float | None = None

    def pace(self, tool: str) -> float:
        """A tool that was not rendered lately is as slow as the others are: the machine may be a busy one."""
        if tool in self.paces:
            return self.paces[tool]
        return geometric_mean(self.paces.values()) if self.paces else 1.0


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Unfinished jobs of a pool, or a random sample of them: `share` of all, 0 to 1."""

    jobs: Sequence[WaitingJob] = ()
    share: float = 1.0
    speed: Speed = field(default_factory=Speed)
    # A reading serves many requests, and is summed up once.
    _sums: dict[tuple[str, int, int], float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def work_s(self, lane: str, *, workers: int, wave_size: int) -> float:
        """How many seconds of GPUs the jobs of a lane still take, on so many workers."""
        key = lane, workers, wave_size
        if key not in self._sums:
            self._sums[key] = self._sum_s(lane, workers, wave_size)
        return self._sums[key]

    def batches(self, lane: str, images_per_batch: int) -> float:
        """How many batches of a lane are not done."""
        batches = sum(ceil((job.images - job.stored) / images_per_batch) for job in self.jobs if job.lane == lane)
        return batches / self.share

    def _sum_s(self, lane: str, workers: int, wave_size: int) -> float:
        jobs = [job for job in self.jobs if job.lane == lane]
        left = sum(self._remaining_s(job, likeness, wave_size) for job, likeness in _with_likeness(jobs))
        return max(0.0, left / self.share - self._half_waves_s(jobs, workers, wave_size))

    def _remaining_s(self, job: WaitingJob, likeness: float, wave_size: int) -> float:
        """What is left of a job. In a wave that it does not fill, others of its kind take part of the time."""
        in_last_wave = job.images % wave_size
        company = (wave_size - in_last_wave) * likeness if in_last_wave else 0.0
        saved_s = job.shared_s * company / (in_last_wave + company) if company else 0.0
        share_left = (job.images - job.stored) / job.images
        return (job.work_s - saved_s) * share_left * self.speed.pace(job.tool)

    def _half_waves_s(self, jobs: Sequence[WaitingJob], workers: int, wave_size: int) -> float:
        """What is done of the waves under way, which nobody stores: a half of each, as a guess."""
        waves = [
            job.work_s / -(-job.images // wave_size) * self.speed.pace(job.tool)
            for job in jobs
            if job.running and job.stored < job.images
        ]
        if not waves:
            return 0.0
        busy = min(workers, len(waves) / self.share)
        return busy * sum(waves) / len(waves) / 2


def geometric_mean(ratios: Collection[float]) -> float:
    """The geometric mean: half as fast and twice as fast are as they should be. Not of `statistics`, which is slow to
    import."""
    return float(prod(ratios) ** (1 / len(ratios)))


class BacklogSource(Protocol):
    """Where the backlog is read."""

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        """The backlog, and the age of this reading in seconds, at most `max_age_s`."""


def _with_likeness(jobs: Sequence[WaitingJob]) -> Iterator[tuple[WaitingJob, float]]:
    """Each job with the share of the other waiting images that are of its kind."""
    images: Counter[str] = Counter()
    for job in jobs:
        images[job.kind] += job.images - job.stored
    total = images.total()
    for job in jobs:
        own = job.images - job.stored
        others = total - own
        yield job, (images[job.kind] - own) / others if others else 0.0
