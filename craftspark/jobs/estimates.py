"""Estimates before a reservation: how long a job waits and renders, and whether it can end in time."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, inf
from typing import Any, Self

from craftspark.errors import BacklogTooLong, CapacityInsufficient, RenderTooLong, WaitTooLong
from craftspark.fleet.admission import (
    Outlook,
    Wait,
    is_admitted,
    most_wait_in_interactive,
    wait_in_bulk,
    wait_in_interactive,
)
from craftspark.jobs.alternatives import changes_that_fit, cheaper
from craftspark.jobs.backlog import Backlog, BacklogSource
from craftspark.models.model import Model
from craftspark.models.work import Wave, Work, split
from craftspark.styles.releases import Pin
from craftspark.tools.request import JobRequest
from craftspark.tools.sources import Source

# The maximum age of the backlog for a quote, and for a request with `max_wait_s`. A request in a burst then sees those
# before it, and a Lambda instance reads at most 20 times per second.
FRESH_S = 0.05
# Other submissions accept an older reading, if the job meets its deadline even if the wait has grown since the reading
# by GROWTH seconds per second. That is a demand of eleven times the workers' capacity.
GROWTH = 10
STALE_S = 60.0
# A plan accepts a much shorter wait than the deadline, and a burst fills a small pool in seconds. So its older reading
# counts with BURST seconds per second, unless the pool can get the tasks for that.
BURST = 60
# In a pool without a minimum of tasks, the reading says whether a task is awake, which saves a launch.
ASLEEP_STALE_S = 5.0
# The time from the last stored image to the job's final state: Lambda functions and transitions of the state machine.
SETTLEMENT_S = 0.2
MAX_RETRY_S = 600
# The fields that all images of one wave have in common, for all renderers.
KIND_FIELDS = ("size", "steps", "guidance", "style", "strength", "way", "repeat")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds: the wait until the first step, the rendering from there to the job's end, and their sum.

    `queued` is true if a task of the pool runs or starts, and takes the job from the pool's queue. `missing` is the
    number of tasks that the pool needs and cannot get. If tasks are missing, a job of the interactive lane has `bulk`,
    its estimate in the bulk lane, unless it would miss its deadline there.
    """

    wait_s: int
    total_s: int
    queued: bool = False
    missing: int = 0
    bulk: "Estimate | None" = None

    @property
    def render_s(self) -> int:
        return self.total_s - self.wait_s

    @classmethod
    def from_seconds(cls, wait_s: float, render_s: float, *, queued: bool = False, missing: int = 0) -> Self:
        """Round to whole seconds. Rendering takes at least one second."""
        total_s = max(1, round(wait_s + render_s))
        return cls(wait_s=min(round(wait_s), total_s - 1), total_s=total_s, queued=queued, missing=missing)


@dataclass(frozen=True, kw_only=True)
class Cheaper:
    """The price and time with other settings. `changes` are fields of the request."""

    changes: dict[str, Any]
    price: int
    render_s: int


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The rendering capacity of a pool. Times are seconds.

    The pool has at least `min_tasks`. `launch_s` is the time of a launch if none was measured recently. `dispatch_s` is
    the time from a submission to the first step of an idle worker. `batch_s` limits a batch, and `deadline_s` limits a
    job from its submission to its end.
    """

    pool: str
    device: str
    min_tasks: int
    launch_s: int
    dispatch_s: float
    batch_s: int
    deadline_s: int


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Estimates from the backlog, for a model on the capacity of its pool.

    Every request must be one that `for_model` and `for_sources` returned.
    """

    readings: BacklogSource
    model: Model
    capacity: Capacity

    def of(self, tool: str, request: JobRequest, sources: Sequence[Source], work: Work | None = None) -> Estimate:
        """The estimate with a fresh reading of the backlog. Raises the errors of `admit`, except WaitTooLong."""
        work = work or self.work(request, sources)
        self._check_render(request, sources, work)
        backlog, _ = self.readings.read(max_age_s=FRESH_S)
        return self._checked(tool, request, work, backlog, self._outlook(backlog))

    def admit(
        self,
        tool: str,
        request: JobRequest,
        sources: Sequence[Source],
        work: Work | None = None,
        *,
        admitted_wait_s: float = inf,
    ) -> Estimate:
        """The estimate of a job that can end in time. `work` is the request's work, if it is known. The reading is
        recent enough to decide whether a plan with `admitted_wait_s` accepts the job.

        Raises RenderTooLong if the job misses its deadline even without a backlog, BacklogTooLong if it misses its
        deadline with the present backlog, CapacityInsufficient if no task will take it, and WaitTooLong if the wait
        exceeds the request's limit.
        """
        work = work or self.work(request, sources)
        self._check_render(request, sources, work)
        backlog, age_s = self.readings.read(max_age_s=self._stale_s)
        outlook = self._outlook(backlog)
        if age_s > FRESH_S and not self._is_clear(tool, request, work, backlog, outlook, age_s, admitted_wait_s):
            backlog, _ = self.readings.read(max_age_s=FRESH_S)
            outlook = self._outlook(backlog)
        estimate = self._checked(tool, request, work, backlog, outlook)
        self._check_wait(estimate, request.max_wait_s)
        return estimate

    def work(self, request: JobRequest, sources: Sequence[Source]) -> Work:
        """The request's work by the model's profile."""
        model = self._model
        profile, size = model.profile, model.wave_size
        waves: dict[int, Wave] = {}

        def wave(images: int) -> Wave:
            if images not in waves:
                load = request.load(model, sources, images)
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

    def cheaper(self, tool: str, request: JobRequest, sources: Sequence[Source]) -> Iterator[Cheaper]:
        """Settings that cost less than the request's, the most similar first."""
        backlog, _ = self.readings.read(max_age_s=self._stale_s)
        workers = max(1, self._outlook(backlog).tasks)
        for change, price in cheaper(request, self._model, sources):
            other = request.model_copy(update=change)
            render_s = ceil(self._render_s(self.work(other, sources), workers, backlog.speed.pace(tool)))
            yield Cheaper(changes=change, price=price, render_s=render_s)

    @cached_property
    def _model(self) -> Model:
        return self.model.on(self.capacity.device)

    def _check_render(self, request: JobRequest, sources: Sequence[Source], work: Work) -> None:
        """Raise RenderTooLong if rendering exceeds the time limit of a job or a batch."""
        if self._fits(work):
            return
        render_s = ceil(self._render_s(work, self._usual_workers, 1.0))
        if work.max_batch_s > self.capacity.batch_s:
            limit = f"the limit for {self.model.images_per_batch} images is {self.capacity.batch_s} s"
        else:
            limit = f"the limit for a job is {self.capacity.deadline_s} s"

        def fits(other: JobRequest) -> bool:
            return self._fits(self.work(other, sources))

        errors = changes_that_fit(request, self.model, fits)
        raise RenderTooLong(
            f"rendering would take about {render_s} s; {limit}; " + "; ".join(each["detail"] for each in errors),
            field=errors[0]["field"],
            errors=errors,
            estimated_render_s=render_s,
            deadline_s=self.capacity.deadline_s,
        )

    def _fits(self, work: Work) -> bool:
        in_time = self.capacity.dispatch_s + self._render_s(work, self._usual_workers, 1.0) <= self.capacity.deadline_s
        return in_time and work.max_batch_s <= self.capacity.batch_s

    def _is_clear(
        self,
        tool: str,
        request: JobRequest,
        work: Work,
        backlog: Backlog,
        outlook: Outlook,
        age_s: float,
        admitted_wait_s: float,
    ) -> bool:
        """Whether the job is accepted even if the work ahead has grown since the reading, `age_s` ago."""
        if request.max_wait_s is not None:
            return False
        render_s = self._render_s(work, max(1, outlook.tasks), backlog.speed.pace(tool))
        left_s = self.capacity.deadline_s - self.capacity.dispatch_s - render_s
        age_s *= max(1, outlook.tasks)
        if request.lane == "bulk":
            return self._waits("bulk", backlog, outlook, more_s=GROWTH * age_s).seconds <= left_s
        ahead_s = self._ahead_s("interactive", backlog, outlook)
        if most_wait_in_interactive(outlook, ahead_s + BURST * age_s) <= min(left_s, admitted_wait_s):
            return True
        in_time = wait_in_interactive(outlook, ahead_s + GROWTH * age_s).seconds <= left_s
        return in_time and is_admitted(wait_in_interactive(outlook, ahead_s + BURST * age_s), admitted_wait_s)

    def _checked(self, tool: str, request: JobRequest, work: Work, backlog: Backlog, outlook: Outlook) -> Estimate:
        """The estimate. Raises CapacityInsufficient or BacklogTooLong."""
        pace = backlog.speed.pace(tool)
        render_s = self._render_s(work, max(1, outlook.tasks), pace)

        def estimate_in(lane: str) -> Estimate | None:
            wait = self._waits(lane, backlog, outlook)
            if wait.seconds == inf:
                return None
            wait_s = self.capacity.dispatch_s + wait.seconds
            return Estimate.from_seconds(wait_s, render_s, queued=outlook.tasks > 0, missing=wait.missing)

        estimate = estimate_in(request.lane)
        if estimate is None:
            raise CapacityInsufficient(
                "no GPU is available for this job now; try again later",
                field="lane",
                retry_after_s=min(MAX_RETRY_S, ceil(outlook.cold_start_s)),
            )
        self._check_backlog(estimate, work, pace)
        if estimate.missing and request.lane != "bulk":
            bulk = estimate_in("bulk")
            if bulk and bulk.total_s <= self.capacity.deadline_s:
                return replace(estimate, bulk=bulk)
        return estimate

    def _waits(self, lane: str, backlog: Backlog, outlook: Outlook, more_s: float = 0.0) -> Wait:
        """The wait in a lane, with `more_s` of work in addition to the backlog."""
        interactive_s = self._ahead_s("interactive", backlog, outlook) + more_s
        if lane == "bulk":
            return wait_in_bulk(outlook, interactive_s, self._ahead_s("bulk", backlog, outlook))
        return wait_in_interactive(outlook, interactive_s)

    def _ahead_s(self, lane: str, backlog: Backlog, outlook: Outlook) -> float:
        return backlog.work_s(lane, workers=max(1, outlook.running), wave_size=self._model.wave_size)

    def _outlook(self, backlog: Backlog) -> Outlook:
        return backlog.outlook or backlog.known_outlook(self.capacity.min_tasks, self.capacity.launch_s)

    @property
    def _stale_s(self) -> float:
        """The maximum age of the backlog for most submissions."""
        return STALE_S if self.capacity.min_tasks else ASLEEP_STALE_S

    @property
    def _usual_workers(self) -> int:
        """The workers that a job has without a backlog. A pool without tasks launches one."""
        return max(1, self.capacity.min_tasks)

    def _render_s(self, work: Work, workers: int, pace: float) -> float:
        return work.elapsed_s(workers) * pace + SETTLEMENT_S

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
