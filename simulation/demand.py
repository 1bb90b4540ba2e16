"""Demand: the jobs that makers submit, each with the work that it takes on one GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

DAY_S = 86_400
INTERACTIVE, BULK = 0, 1
LANES = ("interactive", "bulk")


class Job(NamedTuple):
    """One job. `at` is the submission in seconds from the start. Each image takes `image_s` of one GPU.

    `lane` is an index of `LANES`.
    """

    at: float
    images: int
    image_s: float
    maker: int
    lane: int = INTERACTIVE
    pool: str = "draw"

    @property
    def work_s(self) -> float:
        return self.images * self.image_s


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Jobs in the order of their submission, within `length_s` seconds. `pools` has the name of each job's pool."""

    name: str
    jobs: Sequence[Job]
    length_s: float
    pools: tuple[str, ...] = ("draw",)

    @property
    def days(self) -> int:
        """The number of days, of which the last may be shorter."""
        return max(1, -int(-self.length_s // DAY_S))
