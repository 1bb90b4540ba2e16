"""Estimates before a reservation: how long a job waits and renders, and whether it can end in time."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Self

from craftspark.errors import BacklogTooLong, RenderTooLong, WaitTooLong
from craftspark.jobs.backlog import Backlog, BacklogSource
from craftspark.models.model import Model
from craftspark.models.work import Wave, Work, split
from craftspark.styles.releases import Pin
from craftspark.tools.request import LANES, DrawingRequest, JobRequest
from craftspark.tools.sources import Source

# The maximum age of the backlog for a quote, and for a request with `max_wait_s`. A request in a burst then sees those
# before it, and a Lambda instance reads at most 20 times per second.
FRESH_S = 0.05
# Other submissions accept an older reading, if the job meets its deadline even if the wait has grown since the reading
# by GROWTH seconds per second. That is a demand of eleven times the workers' capacity.
GROWTH = 10
STALE_S = 60.0
# In a pool without warm workers, the reading says whether a launched worker is awake, which saves a launch.
ASLEEP_STALE_S = 5.0
# The time from the last stored image to the job's final state: Lambda functions and transitions of the state machine.
SETTLEMENT_S = 0.2
MAX_RETRY_S = 600
# The fields that all images of one wave have in common, for all renderers.
KIND_FIELDS = ("size", "steps", "guidance", "style", "strength", "way", "repeat")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds: the wait until the first step, the rendering from there to the job's end, and their sum.

    `queued` is true if a worker that is awake takes the job from the pool's queue sooner than a launch would start it.
    """

    wait_s: int
    total_s: int
    queued: bool = False

    @property
    def render_s(self) -> int:
        return self.total_s - self.wait_s

    @classmethod
    def from_seconds(cls, wait_s: float, render_s: float, *, queued: bool = False) -> Self:
        """Round to whole seconds. Rendering takes at least one second."""
        total_s = max(1, round(wait_s + render_s))
        return cls(wait_s=min(round(wait_s), total_s - 1), total_s=total_s, queued=queued)


@dataclass(frozen=True, kw_only=True)
class Cheaper:
    """The price and time with other settings. `changes` are fields of the request."""

    changes: dict[str, Any]
    price: int
    render_s: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The rendering capacity of a pool. Times are seconds.

    `warm_workers` do interactive work first, and bulk work when there is none. In a pool without warm workers, a batch
    goes to a worker that is awake, or a task starts for it, with at most `launched_tasks` at the same time.
    `launch_s` is the time of a launch if none was measured recently. `dispatch_s` is the time from a submission to the
    first step of an idle worker. `batch_s` limits a batch, and `deadline_s` limits a job from its submission to its
    end.
    """

    pool: str
    device: str
    warm_workers: int
    launched_tasks: int
    launch_s: int
    dispatch_s: float
    batch_s: int
    deadline_s: int


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates from the backlog, for a model on the capacity of its pool.

    Every request must be one that `for_model` and `for_source` returned.
    """

    readings: BacklogSource
    model: Model
    capacity: Capacity

    def of(self, tool: str, request: JobRequest, source: Source | None, work: Work | None = None) -> Estimate:
        """The estimate with a fresh reading of the backlog. Raises RenderTooLong or BacklogTooLong as `admit` does."""
        work = work or self.work(request, source)
        self._check_render(request, source, work)
        backlog, _ = self.readings.read(max_age_s=FRESH_S)
        estimate = self._estimate(tool, request, work, backlog)
        self._check_backlog(estimate, work, backlog.speed.pace(tool))
        return estimate

    def admit(self, tool: str, request: JobRequest, source: Source | None, work: Work | None = None) -> Estimate:
        """The estimate of a job that can end in time. `work` is the request's work, if it is known.

        Raises RenderTooLong if the job misses its deadline even without a backlog, BacklogTooLong if it misses its
        deadline with the present backlog, and WaitTooLong if the wait exceeds the request's limit.
        """
        work = work or self.work(request, source)
        self._check_render(request, source, work)
        backlog, age_s = self.readings.read(max_age_s=self._stale_s)
        estimate = self._estimate(tool, request, work, backlog)
        if request.max_wait_s is not None or estimate.total_s + GROWTH * age_s > self.capacity.deadline_s:
            backlog, _ = self.readings.read(max_age_s=FRESH_S)
            estimate = self._estimate(tool, request, work, backlog)
        self._check_backlog(estimate, work, backlog.speed.pace(tool))
        self._check_wait(estimate, request.max_wait_s)
        return estimate

    def work(self, request: JobRequest, source: Source | None) -> Work:
        """The request's work by the model's profile."""
        model = self._model
        profile, size = model.profile, model.wave_size
        waves: dict[int, Wave] = {}

        def wave(images: int) -> Wave:
            if images not in waves:
                load = request.load(model, source, images)
                waves[images] = Wave(
                    images=images,
                    render_s=profile.render_s(load),
                    finish_s=profile.finish_s(load),
                    calls_s=profile.call_time_s(load),
                )
            return waves[images]

        batches = [
            [wave(images) for images in split(batch, size)]
            for batch in split(request.count, self.model.images_per_batch)
        ]
        return Work(batches=batches, wave_size=size)

    def cheaper(self, tool: str, request: JobRequest, source: Source | None) -> Iterator[Cheaper]:
        """Settings that cost less than the request's, the most similar first."""
        backlog, _ = self.readings.read(max_age_s=self._stale_s)
        for change, price in cheaper(request, self._model, source):
            other = request.model_copy(update=change)
            render_s = ceil(self._render_s(other, self.work(other, source), backlog.speed.pace(tool)))
            yield Cheaper(changes=change, price=price, render_s=render_s)

    @cached_property
    def _model(self) -> Model:
        return self.model.on(self.capacity.device)

    def _check_render(self, request: JobRequest, source: Source | None, work: Work) -> None:
        """Raise RenderTooLong if rendering exceeds the time limit of a job or a batch."""
        if self._fits(request, work):
            return
        render_s = ceil(self._render_s(request, work, 1.0))
        if work.max_batch_s > self.capacity.batch_s:
            limit = f"the limit for {self.model.images_per_batch} images is {self.capacity.batch_s} s"
        else:
            limit = f"the limit for a job is {self.capacity.deadline_s} s"

        def fits(other: JobRequest) -> bool:
            return self._fits(other, self.work(other, source))

        errors = changes_that_fit(request, self.model, fits)
        raise RenderTooLong(
            f"rendering would take about {render_s} s; {limit}; " + "; ".join(each["detail"] for each in errors),
            field=errors[0]["field"],
            errors=errors,
            estimated_render_s=render_s,
            deadline_s=self.capacity.deadline_s,
        )

    def _fits(self, request: JobRequest, work: Work) -> bool:
        in_time = self.capacity.dispatch_s + self._render_s(request, work, 1.0) <= self.capacity.deadline_s
        return in_time and work.max_batch_s <= self.capacity.batch_s

    def _estimate(self, tool: str, request: JobRequest, work: Work, backlog: Backlog) -> Estimate:
        render_s = self._render_s(request, work, backlog.speed.pace(tool))
        wait_s, queued = self._wait(request.lane, backlog)
        return Estimate.from_seconds(self.capacity.dispatch_s + wait_s, render_s, queued=queued)

    def _wait(self, lane: str, backlog: Backlog) -> tuple[float, bool]:
        """The wait in seconds, and whether the job waits in the pool's queue for a worker that is awake."""
        warm, awake = self.capacity.warm_workers, backlog.speed.awake
        launch_s = self.capacity.launch_s if backlog.speed.launch_s is None else backlog.speed.launch_s
        lanes = LANES if lane == "bulk" else (lane,)
        if warm:
            return self._ahead_s(lanes, backlog, warm) + (0.0 if awake else launch_s), awake > 0
        if awake and (queue_s := self._ahead_s(lanes, backlog, awake)) <= launch_s:
            return queue_s, True
        # A launched task starts its batch immediately. Batches wait only if the maximum number of tasks is running.
        tasks = self.capacity.launched_tasks
        full = backlog.batches(lane, self.model.images_per_batch) >= tasks
        return launch_s + (self._ahead_s((lane,), backlog, tasks) if full else 0.0), False

    def _ahead_s(self, lanes: Iterable[str], backlog: Backlog, workers: int) -> float:
        """The time until this number of workers has done the work of the lanes."""
        size = self._model.wave_size
        return sum(backlog.work_s(lane, workers=workers, wave_size=size) for lane in lanes) / workers

    @property
    def _stale_s(self) -> float:
        """The maximum age of the backlog for most submissions."""
        return STALE_S if self.capacity.warm_workers else ASLEEP_STALE_S

    def _render_s(self, request: JobRequest, work: Work, pace: float) -> float:
        return work.elapsed_s(self.capacity.warm_workers or self.capacity.launched_tasks) * pace + SETTLEMENT_S

    def _check_backlog(self, estimate: Estimate, work: Work, pace: float) -> None:
        capacity = self.capacity
        late_s = estimate.total_s - capacity.deadline_s
        if late_s <= 0 and work.max_batch_s * pace <= capacity.batch_s:
            return
        why = (
            f"it would wait about {estimate.wait_s} s and render for {estimate.render_s} s, and the limit is "
            f"{capacity.deadline_s} s"
            if late_s > 0
            else f"rendering is slow at the moment and would take about {estimate.render_s} s"
        )
        raise BacklogTooLong(
            f"the job would miss its deadline: {why}; try again later",
            estimated_wait_s=estimate.wait_s,
            estimated_render_s=estimate.render_s,
            deadline_s=capacity.deadline_s,
            retry_after_s=min(MAX_RETRY_S, max(late_s, 30)),
        )

    def _check_wait(self, estimate: Estimate, max_wait_s: int | None) -> None:
        if max_wait_s is not None and estimate.wait_s > max_wait_s:
            raise WaitTooLong(
                f"the job would wait about {estimate.wait_s} s, longer than max_wait_s, {max_wait_s} s",
                field="max_wait_s",
                estimated_wait_s=estimate.wait_s,
                retry_after_s=min(MAX_RETRY_S, estimate.wait_s - max_wait_s),
            )


def kind_of(tool: str, request: Mapping[str, Any], pin: Pin | None) -> str:
    """A hash of the fields that jobs must share so that their images can be in the same wave."""
    facts = [tool, pin, *(request.get(name) for name in KIND_FIELDS)]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:8]


Fits = Callable[[JobRequest], bool]


def changes_that_fit(request: JobRequest, model: Model, fits: Fits) -> list[dict[str, str]]:
    """For each field, the change that makes a request fit: one field if that is enough, or several."""
    minimum = {"count": 1, "steps": max(model.min_steps, ceil(1 / (getattr(request, "drawing_strength", None) or 1)))}
    errors = []
    for name in request.work_fields:
        value = max_fitting(request, name, minimum[name], fits) if name in minimum else None
        if value is not None:
            errors.append({"field": name, "detail": f"{name} {value} would fit"})
        elif name not in minimum and getattr(request, name):
            errors.append({"field": name, "detail": f"a smaller {name} takes less time"})
    if not any("would fit" in error["detail"] for error in errors) and "steps" in request.work_fields:
        one = request.model_copy(update={"count": 1})
        steps = max_fitting(one, "steps", minimum["steps"], fits)
        fix = "even one image takes too long" if steps is None else f"count 1 with steps {steps} would fit"
        errors.insert(0, {"field": "count", "detail": fix})
    return errors


def max_fitting(request: JobRequest, name: str, minimum: int, fits: Fits) -> int | None:
    """The largest value of a field, below its present value, with which the request fits, or None."""
    for value in range(getattr(request, name) - 1, minimum - 1, -1):
        if fits(request.model_copy(update={name: value})):
            return value
    return None


def cheaper(request: JobRequest, model: Model, source: Source | None) -> Iterator[tuple[dict[str, Any], int]]:
    """Changes of settings that reduce the price, and the new prices."""
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
            yield change, less
