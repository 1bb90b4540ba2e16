"""The backlog: the unfinished work for GPUs, including work in progress, and the recent speed of workers."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

from craftspark.fleet.admission import Outlook
from craftspark.fleet.supply import StartingTasks

# The attributes of the backlog index.
WORK_ATTRIBUTES = ("lane", "tool", "kind", "state", "images", "images_stored", "work_s", "shared_s", "created_at")


@dataclass(frozen=True, kw_only=True)
class WaitingJob:
    """An unfinished job. `work_s` is its total work by the model's profile. `shared_s` is the part of it that images of
    other jobs of the same `kind` can share. `stored` of its `images` are done.
    """

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
    """Recent measurements of a pool's workers.

    `paces` has the factor by tool between the measured time of a wave and the profile's time. `awake`
    is the number of workers that take work from the pool's queue and reported recently, of a sample. `launch_s` is the
    measured time of a launch, or None without a measurement.
    """

    paces: Mapping[str, float] = field(default_factory=dict)
    awake: int = 0
    launch_s: float | None = None

    def pace(self, tool: str) -> float:
        """The pace of a tool. A tool without measurements has the pace of the others, as the machine may be busy."""
        if tool in self.paces:
            return self.paces[tool]
        return geometric_mean(self.paces.values()) if self.paces else 1.0


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Unfinished jobs of a pool, or a random sample of them. `share` is the size of the sample, 0 to 1.

    `outlook` has the tasks of the pool, or None without a current record of the fleet's controller.
    """

    jobs: Sequence[WaitingJob] = ()
    share: float = 1.0
    speed: Speed = field(default_factory=Speed)
    outlook: Outlook | None = None
    # One reading serves many requests, so its sums are cached.
    _sums: dict[tuple[str, int, int], float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _known: dict[tuple[int, float], Outlook] = field(default_factory=dict, init=False, repr=False, compare=False)

    def work_s(self, lane: str, *, workers: int, wave_size: int) -> float:
        """The remaining seconds of GPU work in a lane, for this number of workers."""
        key = lane, workers, wave_size
        if key not in self._sums:
            self._sums[key] = self._sum_s(lane, workers, wave_size)
        return self._sums[key]

    def known_outlook(self, min_tasks: int, launch_s: float) -> Outlook:
        """The tasks that are known without a current record of the controller: workers that reported recently run, and
        the rest of the pool's minimum is being launched. A pool without tasks gets one, which its next job launches.

        `launch_s` is the time of a launch in seconds if none was measured recently.
        """
        key = min_tasks, launch_s
        if key not in self._known:
            awake = self.speed.awake
            cold_start_s = max(1.0, launch_s if self.speed.launch_s is None else self.speed.launch_s)
            starting = (StartingTasks(tasks=min_tasks - awake, ready_in_s=cold_start_s),) if awake < min_tasks else ()
            self._known[key] = Outlook(
                running=awake,
                starting=starting,
                obtainable=0 if awake or min_tasks else 1,
                cold_start_s=cold_start_s,
                interactive_rate=None,
            )
        return self._known[key]

    def _sum_s(self, lane: str, workers: int, wave_size: int) -> float:
        jobs = [job for job in self.jobs if job.lane == lane]
        left = sum(self._remaining_s(job, likeness, wave_size) for job, likeness in _with_likeness(jobs))
        return max(0.0, left / self.share - self._half_waves_s(jobs, workers, wave_size))

    def _remaining_s(self, job: WaitingJob, likeness: float, wave_size: int) -> float:
        """The remaining work of a job. Other jobs of its kind share the calls of waves that it does not fill."""
        in_last_wave = job.images % wave_size
        company = (wave_size - in_last_wave) * likeness if in_last_wave else 0.0
        saved_s = job.shared_s * company / (in_last_wave + company) if company else 0.0
        share_left = (job.images - job.stored) / job.images
        return (job.work_s - saved_s) * share_left * self.speed.pace(job.tool)

    def _half_waves_s(self, jobs: Sequence[WaitingJob], workers: int, wave_size: int) -> float:
        """The work done on waves in progress, which is not stored anywhere. The estimate is half of each wave."""
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
    """The geometric mean, because half as fast and twice as fast should cancel out. Not from `statistics`, which is
    slow to import.
    """
    return float(prod(ratios) ** (1 / len(ratios)))


class BacklogSource(Protocol):
    """Reads the backlog."""

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
