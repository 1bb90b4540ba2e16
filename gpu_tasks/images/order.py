"""The order of one image, as a worker renders it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from craftspark.jobs.job import Job
from craftspark.styles.releases import Pin
from craftspark.tools.sources import Source


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """One image to render: the tool, its request, and the values that submission chose.

    `model` is the name of a catalogue entry, a model or a network.
    """

    job_id: str
    index: int
    seed: int
    tool: str
    model: str
    request: Mapping[str, Any]
    pin: Pin | None = None
    sources: tuple[Source, ...] = ()

    @classmethod
    def of(cls, job: Job, index: int, seed: int) -> Self:
        """Make the order of one image of a job."""
        return cls(
            job_id=job.job_id,
            index=index,
            seed=seed,
            tool=job.tool,
            model=job.model,
            request=job.request,
            pin=job.pin,
            sources=job.sources,
        )
