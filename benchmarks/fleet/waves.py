"""The waves that workers recorded, and what they say about the death of a worker."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

Image = tuple[str, int]  # a job's ID and the index of the image


@dataclass(frozen=True)
class RenderedWave:
    """A wave of one process. Times are in seconds since the epoch; `ended` is None if the process died in the wave."""

    pid: int
    started: float
    images: frozenset[Image]
    ended: float | None = None


@dataclass(frozen=True)
class Death:
    """A worker's process that ended by a fault, at `at` in seconds since the epoch."""

    kind: str
    pool: str
    pid: int
    at: float


def read_waves(record: Path) -> list[RenderedWave]:
    """The waves of all workers, in the order of their starts."""
    waves: dict[tuple[int, int], RenderedWave] = {}
    for line in record.read_text().splitlines() if record.exists() else ():
        fact = json.loads(line)
        key = fact["pid"], fact["wave"]
        if fact["event"] == "start":
            images = frozenset((job, index) for job, index in fact["images"])
            waves[key] = RenderedWave(fact["pid"], fact["at"], images)
        else:
            waves[key] = replace(waves[key], ended=fact["at"])
    return sorted(waves.values(), key=lambda wave: wave.started)


def waves_of(death: Death, waves: Iterable[RenderedWave]) -> list[RenderedWave]:
    """The waves that the dead process started. A later process can have the same ID."""
    return [wave for wave in waves if wave.pid == death.pid and wave.started <= death.at]


def lost_waves(death: Death, waves: Iterable[RenderedWave], stored: Mapping[Image, float]) -> list[RenderedWave]:
    """The waves of a dead worker with an image that was not stored when it died."""
    return [
        wave
        for wave in waves_of(death, waves)
        if any(stored.get(image, float("inf")) > death.at for image in wave.images)
    ]


def wasted_waves(death: Death, waves: Sequence[RenderedWave], stored: Mapping[Image, float]) -> float:
    """The rendering that a death wasted, in waves: the part of its last wave that was done, and the images of earlier
    waves that were not stored yet.
    """
    own = waves_of(death, waves)
    durations = [wave.ended - wave.started for wave in own if wave.ended]
    wasted = 0.0
    for wave in lost_waves(death, own, stored):
        if wave.ended is None:
            wasted += min(1.0, (death.at - wave.started) / median(durations)) if durations else 1.0
        else:
            missing = [image for image in wave.images if stored.get(image, float("inf")) > death.at]
            wasted += len(missing) / len(wave.images)
    return wasted


def wasted_seconds(death: Death, waves: Sequence[RenderedWave], stored: Mapping[Image, float]) -> float:
    """The seconds of rendering that a death wasted: those of its last wave, and those of the images of earlier waves
    that were not stored yet.
    """
    own = waves_of(death, waves)
    seconds = 0.0
    for wave in lost_waves(death, own, stored):
        missing = [image for image in wave.images if stored.get(image, float("inf")) > death.at]
        share = len(missing) / len(wave.images) if wave.ended else 1.0
        seconds += share * ((wave.ended or death.at) - wave.started)
    return seconds


def storing_times(waves: Iterable[RenderedWave], stored: Mapping[Image, float]) -> list[float]:
    """For each image that was stored by the worker that drew it last, the seconds from the end of its wave to that."""
    ends = {image: wave.ended for wave in waves if wave.ended for image in wave.images}
    return [stored[image] - ended for image, ended in ends.items() if stored.get(image, 0.0) >= ended]


def next_start_s(death: Death, lost: Iterable[RenderedWave], waves: Sequence[RenderedWave]) -> list[float]:
    """For each job of the lost waves, the seconds from the death to the next start of another worker on it."""
    seconds = []
    for job in {job for wave in lost for job, _ in wave.images}:
        starts = (
            wave.started for wave in waves if wave.started > death.at and any(name == job for name, _ in wave.images)
        )
        if (start := min(starts, default=None)) is not None:
            seconds.append(start - death.at)
    return seconds


def rendered_again(waves: Iterable[RenderedWave], stored: Mapping[Image, float]) -> list[Image]:
    """The images of waves that started after the image was stored."""
    return [image for wave in waves for image in wave.images if image in stored and wave.started > stored[image]]
