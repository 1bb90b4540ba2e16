"""Batches: the images of a job that one GPU task renders together, and their messages.

An order holds a job's batches, as the intake queue and the execution carry them. It has ids and seeds, and no text from
the maker; the worker reads that from the job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from craftspark.jobs.job import ImageFailure, Job


class BatchMalformed(Exception):
    """A message is not a batch."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`seeds` maps an image's index in its job to its seed."""

    job_id: str
    maker: str
    lane: str
    number: int
    seeds: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        images = [{"index": index, "seed": seed} for index, seed in self.seeds.items()]
        return {
            "job_id": self.job_id,
            "maker": self.maker,
            "lane": self.lane,
            "batch": self.number,
            "images": images,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises BatchMalformed."""
        try:
            return cls(
                job_id=str(value["job_id"]),
                maker=str(value["maker"]),
                lane=str(value["lane"]),
                number=int(value["batch"]),
                seeds={int(image["index"]): int(image["seed"]) for image in value["images"]},
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BatchMalformed(f"not a batch: {error!r}") from error


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """The result of a batch: the indexes of stored images, and the failures of single images."""

    batch: int
    rendered: tuple[int, ...]
    failed: tuple[ImageFailure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        failed = [{"index": f.index, "error": f.error, "reason": f.reason} for f in self.failed]
        return {"batch": self.batch, "rendered": list(self.rendered), "failed": failed}


def batches_of(job: Job, images_per_batch: int) -> list[Batch]:
    """A job's images in batches, in order."""
    seeds = list(enumerate(job.seeds))
    return [
        Batch(
            job_id=job.job_id,
            maker=job.maker,
            lane=job.lane,
            number=number,
            seeds=dict(seeds[start : start + images_per_batch]),
        )
        for number, start in enumerate(range(0, job.count, images_per_batch))
    ]


def job_order(job: Job, images_per_batch: int) -> dict[str, Any]:
    """The order of a job: the input of its execution."""
    return {
        "job_id": job.job_id,
        "maker": job.maker,
        "tool": job.tool,
        "lane": job.lane,
        "batches": [batch.to_json() for batch in batches_of(job, images_per_batch)],
    }
