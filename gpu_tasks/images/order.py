"""What a worker needs to know to render one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from craftspark.jobs.job import Job
from craftspark.styles.releases import Pin
from craftspark.tools.sources import Source


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """One image to render: a tool's request, and what submission found out for it."""

    job_id: str
    index: int
    seed: int
    tool: str
    request: Mapping[str, Any]
    pin: Pin | None = None
    source: Source | None = None

    @classmethod
    def of(cls, job: Job, index: int, seed: int) -> Self:
        return cls(
            job_id=job.job_id,
            index=index,
            seed=seed,
            tool=job.tool,
            request=job.request,
            pin=job.pin,
            source=job.source,
        )
