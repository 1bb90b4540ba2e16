"""Honest estimates before anything is reserved: how long a job would wait, and how long it would render."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from craftspark.catalogue import Model
from craftspark.errors import WaitTooLong
from craftspark.sources import Source
from craftspark.tools.request import DrawingRequest, JobRequest

# From RunTask to the first wave of a launched task, where an instance has to be started. An assumption until a stage's
# own launches are measured.
LAUNCH_S = 180


class Backlog(Protocol):
    """Batches that wait for a GPU."""

    def batches(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds."""

    wait_s: int
    render_s: int


@dataclass(frozen=True, kw_only=True)
class Cheaper:
    """What other settings would cost. `changes` are fields of the request."""

    changes: dict[str, Any]
    price: int


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates from the live backlog, for a model on so many warm workers."""

    backlog: Backlog
    model: Model
    warm_workers: int

    def of(self, request: JobRequest, source: Source | None) -> Estimate:
        """For a request that `for_model` and `for_source` returned."""
        render_s = request.count * image_s(request, self.model, source)
        if request.lane == "bulk" or not self.warm_workers:
            return Estimate(wait_s=LAUNCH_S, render_s=ceil(render_s))
        ahead = self.backlog.batches() * self.model.images_per_batch * self.model.image_s / self.warm_workers
        return Estimate(wait_s=ceil(ahead), render_s=ceil(render_s))

    def check(self, request: JobRequest, source: Source | None) -> None:
        """Raise WaitTooLong for a request that does not want to wait as long as it would."""
        if request.max_wait_s is None:
            return
        estimate = self.of(request, source)
        if estimate.wait_s > request.max_wait_s:
            raise WaitTooLong(
                f"the job would wait about {estimate.wait_s} s, longer than the {request.max_wait_s} s it may",
                field="max_wait_s",
                estimated_wait_s=estimate.wait_s,
                retry_after_s=estimate.wait_s - request.max_wait_s,
            )


def image_s(request: JobRequest, model: Model, source: Source | None) -> float:
    """How long one image takes on a GPU of the stage, by the model's measured profile."""
    if isinstance(request, DrawingRequest):
        return model.image_s * request.drawings(model, source) * (request.steps or 1) / model.default_steps
    return model.image_s


def cheaper(request: JobRequest, model: Model, source: Source | None) -> Iterator[Cheaper]:
    """Settings that cost less than the request's, the nearest first."""
    price = request.count * request.credits_per_image(model, source)
    changes: list[dict[str, Any]] = []
    if isinstance(request, DrawingRequest) and (request.steps or 0) > model.default_steps:
        changes.append({"steps": model.default_steps})
    for count in (request.count // 2, 1):
        if 0 < count < request.count and {"count": count} not in changes:
            changes.append({"count": count})
    for change in changes:
        other = request.model_copy(update=change)
        less = other.count * other.credits_per_image(model, source)
        if less < price:
            yield Cheaper(changes=change, price=less)
