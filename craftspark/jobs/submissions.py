"""Submission: a maker's request becomes a job with reserved credits, exactly once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors import (
    AccountMissing,
    ApiProblem,
    BacklogTooLong,
    CapacityInsufficient,
    IdempotencyKeyReused,
    RequestRefused,
    ToolUnknown,
    WaitTooLong,
)
from craftspark.errors.styles import StyleUnknown
from craftspark.jobs.admission import Terms, admission_error
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.estimates import Cheaper, Estimate, Estimates, kind_of
from craftspark.jobs.idempotency import Effect, effect_of, key_reused
from craftspark.jobs.job import Job, JobState, seeds_of
from craftspark.models.model import Model
from craftspark.models.work import Work
from craftspark.moderation import Moderation
from craftspark.parsing.json_values import parse_request
from craftspark.styles.releases import Pin, Release
from craftspark.tools import Tool, find_tool
from craftspark.tools.lineage import Origins, merge
from craftspark.tools.request import JobRequest
from craftspark.tools.sources import Source, Sources

EstimateOf = Callable[[str, JobRequest, Sequence[Source], Work], Estimate]
# The error for a job that a plan does not admit now, or None.
Admission = Callable[[Terms], ApiProblem | None]


class JobExists(Exception):
    """A job with this id exists: `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.job_id} exists")
        self.job = job


class Acceptance(Protocol):
    """Writes a job and its reservation in one transaction."""

    def accept(self, job: Job, effect: Effect | None = None, *, admission: Admission | None = None) -> None:
        """Write the job and bind the effect's key, if `admission` has no objection to the maker's plan.

        Writes nothing and raises JobExists, IdempotencyKeyReused, AccountMissing, or an error from `admission`,
        credits.reservation_error or credits.plan_error.
        """

    def likely_plan(self, maker: str) -> Terms:
        """The maker's plan as far as it is known without a read. `accept` finds the plan."""

    def plan_of(self, maker: str) -> Terms:
        """The maker's plan, or the plan of new accounts."""

    def check_new(self, job_id: str) -> None:
        """Raises JobExists."""

    def open_account(self, maker: str) -> None:
        """Create an account for a new maker, with this month's credits of the plan. Does nothing if it exists."""


class Releases(Protocol):
    """Looks up the versions of registered styles, with a cache that keeps submissions fast."""

    def find(self, style: str) -> Release:
        """Raises StyleUnknown."""


class Intake(Protocol):
    """The queue in front of the state machine."""

    def send(self, order: JobOrder) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The price of a job in credits, its estimate, and whether its images could be published now."""

    price: int
    credits_per_image: int
    estimate: Estimate
    cheaper: tuple[Cheaper, ...]
    publishable: bool


@dataclass(frozen=True, kw_only=True)
class Submissions:
    """The use case of `POST /v1/tools/<tool>/jobs`. It makes two AWS calls in the usual case.

    `estimates` has, for each tool of the stage, the estimates for its model on the capacity of its pool.
    """

    acceptance: Acceptance
    intake: Intake
    releases: Releases
    sources: Sources
    origins: Origins
    estimates: Mapping[str, Estimates]
    moderation: Moderation
    deadline: timedelta
    retention: timedelta
    now: Callable[[], datetime] = utc_now

    def submit(self, maker: str, tool_name: str, body: bytes | str, *, idempotency_key: str | None) -> Job:
        """Accept the job, or return the job that this key created before.

        Raises ToolUnknown, InvalidInput, PromptRefused, IdempotencyKeyReused, CreditsInsufficient, TooManyActiveJobs,
        TooManyRequests, RenderTooLong, BacklogTooLong, CapacityInsufficient, WaitTooLong, PlanExceeded or
        AccountSuspended, and reserves nothing then. A job whose message was lost is sent again when the caller repeats
        the request with the same key.
        """
        tool = self._find_tool(tool_name)
        effect = effect_of(maker, idempotency_key, f"POST /v1/tools/{tool.name}/jobs", body)
        try:
            job, queued = self._new_job(tool, body, effect)
        except JobExists as existing:
            if existing.job.fingerprint != effect.fingerprint:
                raise key_reused() from None
            job, queued = existing.job, False
        if job.state is JobState.QUEUED:
            model = self.estimates[tool.name].model
            self.intake.send(JobOrder.of(job, model.images_per_batch, queued=queued))
        return job

    def quote(self, maker: str, tool_name: str, body: bytes | str) -> Quote:
        """The price and the estimate of the job, without submitting it.

        Raises ToolUnknown, InvalidInput, PromptRefused, TooManyRequests, RenderTooLong, BacklogTooLong or
        CapacityInsufficient.
        """
        tool = self._find_tool(tool_name)
        estimates = self.estimates[tool.name]
        job, request, estimate = self._job(tool, body, effect_of(maker, None, "quote", body), estimates.of)
        if estimate.missing and (refusal := admission_error(estimate, job.lane, self.acceptance.plan_of(maker))):
            raise refusal
        return Quote(
            price=job.price,
            credits_per_image=job.credits_per_image,
            estimate=estimate,
            cheaper=tuple(estimates.cheaper(job.tool, request, job.sources)),
            publishable=job.lineage is None or self.origins.may_publish(job.lineage),
        )

    def _find_tool(self, name: str) -> Tool:
        """The tool, if the stage has it. Raises ToolUnknown."""
        if name in self.estimates:
            return find_tool(name)
        raise ToolUnknown(
            f"there is no tool {name[:100]!r}; the tools are {', '.join(sorted(self.estimates))}", field="tool"
        )

    def _new_job(self, tool: Tool, body: bytes | str, effect: Effect) -> tuple[Job, bool]:
        """Accept the job. Returns it, and whether it waits in its pool's queue for a worker that is awake. Raises
        JobExists if the key has one, or the error that prevents it.

        Words, sources, wait and credits are checked only for new jobs. A job that was accepted is returned even if
        these checks would fail now.
        """
        try:
            likely = self.acceptance.likely_plan(effect.maker)
            estimates = self.estimates[tool.name]
            estimate_of = partial(estimates.admit, admitted_wait_s=likely.admitted_wait_s)
            job, asked, estimate = self._job(tool, body, effect, estimate_of)

            def admission(plan: Terms) -> ApiProblem | None:
                # The reading is recent enough for the likely plan, and for those that accept a longer wait.
                recent = estimate
                if plan.admitted_wait_s < likely.admitted_wait_s:
                    recent = estimates.admit(tool.name, asked, job.sources, admitted_wait_s=plan.admitted_wait_s)
                return admission_error(recent, job.lane, plan)

            self._accept(job, effect, admission)
        except IdempotencyKeyReused:
            raise
        except (RequestRefused, BacklogTooLong, CapacityInsufficient, WaitTooLong):
            if effect.keyed:
                self.acceptance.check_new(effect.effect_id)
            raise
        return job, estimate.queued

    def _accept(self, job: Job, effect: Effect, admission: Admission) -> None:
        try:
            self.acceptance.accept(job, effect, admission=admission)
        except AccountMissing:
            self.acceptance.open_account(job.maker)
            self.acceptance.accept(job, effect, admission=admission)

    def _job(
        self, tool: Tool, body: bytes | str, effect: Effect, estimate_of: EstimateOf
    ) -> tuple[Job, JobRequest, Estimate]:
        """The job, its request with the defaults of the model and the sources, and its estimate."""
        maker, job_id = effect.maker, effect.effect_id
        estimates = self.estimates[tool.name]
        model = estimates.model
        received = parse_request(tool.request, body, parsed=True)  # by effect_of
        created_at = self.now()
        self.moderation.check(maker, received.words, created_at)
        request = received.for_model(model)
        pin = self._pin(request.wanted_style, model, job_id, created_at)
        deadline = (created_at + self.deadline).replace(microsecond=0)
        sources = self._find_sources(maker, request.wanted_sources, deadline)
        if sources:
            request = request.for_sources(sources)
        named = request.wanted_pictures.items()
        origins = [self.origins.find(maker, picture_id, field=field) for field, picture_id in named]
        origins += [source.lineage for source in sources if source.lineage]
        settled = request.model_dump()
        work = estimates.work(request, sources)
        estimate = estimate_of(tool.name, request, sources, work)
        job = Job(
            job_id=job_id,
            maker=maker,
            tool=tool.name,
            request=settled,
            fingerprint=effect.fingerprint,
            model=model.name,
            pool=estimates.capacity.pool,
            lane=request.lane,
            seeds=seeds_of(job_id, request.seed, request.count),
            credits_per_image=request.credits_per_image(model, sources),
            state=JobState.QUEUED,
            created_at=created_at,
            deadline=deadline,
            expires_at=(created_at + self.retention).replace(microsecond=0),
            pin=pin,
            sources=sources,
            lineage=merge(self.origins, origins),
            kind=kind_of(tool.name, settled, pin),
            work_s=work.busy_s,
            shared_s=work.shared_s,
            estimated_wait_s=estimate.wait_s,
            estimated_render_s=estimate.render_s,
        )
        return job, request, estimate

    def _find_sources(self, maker: str, wanted: Mapping[str, str], until: datetime) -> tuple[Source, ...]:
        """The sources in the order of their fields. A picture that several fields name is looked up once."""
        found: dict[str, Source] = {}
        for field, reference in wanted.items():
            if reference not in found:
                found[reference] = self.sources.find(maker, reference, until, field=field)
        return tuple(found[reference] for reference in wanted.values())

    def _pin(self, style: str | None, model: Model, job_id: str, now: datetime) -> Pin | None:
        """The version of a registered style. None for the model's default look or a style of the model.

        Raises InvalidInput for a style that neither the model nor the registry has.
        """
        if style is None or model.has_style(style):
            return None
        try:
            release = self.releases.find(style)
        except StyleUnknown:
            release = None
        pin = release.pin(job_id, now) if release and release.model == model.name else None
        if pin is None:
            model.style(style)  # raises an error that lists the styles
        return pin
