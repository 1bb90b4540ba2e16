"""What makes a model faster on a device: each acceleration is measured, and one that does not pay is left off."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from craftspark.models.acceleration import NO_ACCELERATION, Acceleration
from craftspark.models.model import Model
from gpu_tasks.inference.model_store import load_folder
from gpu_tasks.profile.timing import Clock, round_to

CANDIDATES: dict[str, Sequence[Acceleration]] = {
    "cpu": (),
    "cuda": (
        Acceleration(channels_last=True),
        Acceleration(compiled=True),
        Acceleration(channels_last=True, compiled=True),
    ),
}
# An acceleration changes the pixels of a seed, so it must save at least this share of the time,
SAVED = 0.05
# and what it adds to the first drawing of a size must be saved again within this number of drawings.
PAID_BACK_AFTER = 300


@dataclass(frozen=True, kw_only=True)
class Timed:
    """The seconds of the first drawing with an acceleration, and of later ones. `failure` says why there are none."""

    acceleration: Acceleration
    first_s: float = 0.0
    image_s: float = 0.0
    failure: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the facts for the device table."""
        if self.failure:
            return {"failure": self.failure}
        return {"first_s": round_to(self.first_s), "image_s": round_to(self.image_s)}


def measure_accelerations(
    entry: Model, folder: Path, clock: Clock, draw_with: Callable[[Any, Model], Callable[[], Any]]
) -> list[Timed]:
    """Measure drawings without an acceleration and with each candidate of the device.

    `draw_with` makes a drawing of a pipeline. A candidate that fails is measured as a failure: the compiler needs a C
    compiler on the machine. Raises ModelUnavailable if the model does not load.
    """
    return list(_measure_each(entry, folder, clock, draw_with))


def _measure_each(
    entry: Model, folder: Path, clock: Clock, draw_with: Callable[[Any, Model], Callable[[], Any]]
) -> Iterator[Timed]:
    for acceleration in (NO_ACCELERATION, *CANDIDATES[clock.device]):
        faster = replace(entry, faster=acceleration)
        draw = draw_with(load_folder(folder, faster, clock.device), faster)
        try:
            first_s, _ = clock.time(draw)
            yield Timed(acceleration=acceleration, first_s=first_s, image_s=clock.median(draw))
        except RuntimeError as error:
            if acceleration == NO_ACCELERATION:
                raise
            yield Timed(acceleration=acceleration, failure=f"{type(error).__name__}: {error}"[:200])
        del draw
        gc.collect()
        clock.forget_memory()


def choose_acceleration(timed: list[Timed]) -> Acceleration:
    """Return the fastest acceleration that is worth it, or none. The first of the list is without one."""
    plain = timed[0]
    paying = [plain, *(each for each in timed[1:] if _pays(each, plain))]
    return min(paying, key=lambda each: each.image_s).acceleration


def _pays(timed: Timed, plain: Timed) -> bool:
    if timed.failure:
        return False
    saved_s = plain.image_s - timed.image_s
    return saved_s >= SAVED * plain.image_s and timed.first_s - plain.first_s <= PAID_BACK_AFTER * saved_s


def describe(acceleration: Acceleration) -> dict[str, Any]:
    """Return what is on, as in a device table."""
    return {name: value for name, value in asdict(acceleration).items() if value}


def name_acceleration(acceleration: Acceleration) -> str:
    """Return the name of an acceleration among those of a record."""
    return " and ".join(describe(acceleration)) or "none"


def records_of(timed: list[Timed]) -> Mapping[str, Any]:
    """Return the measurements for the device table."""
    return {name_acceleration(each.acceleration): each.record() for each in timed}
