"""What a stage decides. Stages differ in these values and in nothing else."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from craftspark.models.catalogue import CATALOGUE
from craftspark.routes import ADMIN, MAKER, ROUTES, Route

MAX_EXECUTION_S = 365 * 24 * 3600  # of Step Functions
TRANSITIONS_PER_JOB = 7  # of a job of one batch that goes well
MAX_STOP_S = 120  # what ECS allows between SIGTERM and SIGKILL, and what a spot notice leaves

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=1, le=12 * 3600)]
Percent = Annotated[int, Field(ge=0, le=100)]
Scope = Annotated[str, Field(pattern=r"^[!-~]+$")]
Days = Annotated[int, Field(ge=1, le=3650)]

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Network:
    """`egress` is how private subnets reach AWS: NAT gateways, or interface endpoints and no internet at all."""

    zones: Annotated[int, Field(ge=2, le=3)]
    egress: Literal["nat", "endpoints"]
    nat_gateways: Count

    @model_validator(mode="after")
    def _check_egress(self) -> Self:
        if self.egress == "nat" and not 1 <= self.nat_gateways <= self.zones:
            raise ValueError(
                f"nat_gateways: with egress 'nat' it is 1 to {self.zones} (zones), not {self.nat_gateways}"
            )
        if self.egress == "endpoints" and self.nat_gateways:
            raise ValueError(f"nat_gateways: with egress 'endpoints' it is 0, not {self.nat_gateways}")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class WarmUnits:
    """Request units a second that a table is made ready for. DynamoDB refuses less than a table serves anyway."""

    reads_per_s: Annotated[int, Field(ge=12_000)]
    writes_per_s: Annotated[int, Field(ge=4_000)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Data:
    """`keep`: whether tables, buckets and images outlive their stack and refuse to be deleted.

    Models and training pictures that were overwritten or deleted can be had back for `versions_kept_days`. `warm` is
    what the tables of jobs and accounts, and their indexes, serve from the first second; a new table without it serves
    12,000 read and 4,000 write units a second and doubles within half an hour.
    """

    keep: bool
    uploads_kept_days: Days
    gpu_images_kept: Positive
    versions_kept_days: Days
    warm: WarmUnits | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Functions:
    """What Lambdas run on. `wheel_platforms` are pip's names of it; empty means those of this machine."""

    architecture: Literal["arm64", "x86_64"]
    python: Annotated[str, Field(pattern=r"^3\.1[1-4]$")]
    wheel_platforms: tuple[str, ...]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Gpu:
    """The GPU fleet and its task. A task takes one GPU; every instance type has the CPU and memory that it asks for.

    `device` is what its tasks render on; `cpu` is for a laptop. `launch_s` is how long a launched task takes from its
    launch to its first step, which estimates go by until a stage has measured its own; `dispatch_ms` are the
    milliseconds from a submission to the first step of an idle task. `image` names a container image outright; without
    it, it is `image_tag` in the stage's own repository.
    """

    device: Literal["cuda", "cpu"] = "cuda"
    instance_types: Annotated[tuple[str, ...], Field(min_length=1)]
    spot_instances: Positive
    on_demand_instances: Positive
    warm_spot_tasks: Count
    warm_on_demand_tasks: Count
    launch_s: Seconds
    dispatch_ms: Count
    task_cpu: Positive
    task_memory_mib: Positive
    disk_gib: Annotated[int, Field(ge=60)]
    image: str | None = None
    image_tag: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$")]

    @model_validator(mode="after")
    def _check_families(self) -> Self:
        families = {kind.partition(".")[0] for kind in self.instance_types}
        if len(families) < 3:
            raise ValueError(f"instance_types: spot needs at least 3 GPU families to choose from, not {len(families)}")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Rendering:
    """How long each part of a job may take, and how often a batch is tried.

    A batch waits up to `gpu_queue_wait_s` for a warm worker or `launch_wait_s` for a launched one, which then takes
    up to `batch_s` and reports at least once a `wave_s`. `signing_secret` names the secret with the key of content
    credentials, which the stage's owners keep; without one, pictures carry their recipe and no signature.

    Jobs start at most `starts_per_s`. The two quotas are what Step Functions refills in the stage's region, for
    StartExecution and for state transitions.
    """

    model: str
    gpu_queue_wait_s: Seconds
    launch_wait_s: Seconds
    wave_s: Seconds
    batch_s: Seconds
    job_deadline_s: Seconds
    gpu_queue_visibility_s: Seconds
    stop_grace_s: Annotated[int, Field(ge=2, le=MAX_STOP_S)]
    stall_s: Seconds
    max_interruptions: Positive
    signing_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]+$", max_length=512)] | None = None
    starts_per_s: Annotated[int, Field(ge=1, le=5000)]
    start_quota_per_s: Positive
    transition_quota_per_s: Positive

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.model not in CATALOGUE:
            raise ValueError(f"model: the catalogue has {', '.join(CATALOGUE)}, not {self.model}")
        max_s = self.gpu_queue_wait_s + self.launch_wait_s + 2 * self.batch_s
        if self.job_deadline_s <= max_s:
            raise ValueError(f"job_deadline_s: waiting and rendering can take {max_s} s, so it is more than that")
        if self.batch_s <= self.wave_s:
            raise ValueError(f"batch_s: a batch takes longer than one wave of it, so it is more than {self.wave_s}")
        return self

    @model_validator(mode="after")
    def _check_starts(self) -> Self:
        maximum = min(self.start_quota_per_s, self.transition_quota_per_s // TRANSITIONS_PER_JOB)
        if self.starts_per_s > maximum:
            raise ValueError(
                f"starts_per_s: the quotas allow {maximum} jobs of {TRANSITIONS_PER_JOB} transitions per second, "
                f"not {self.starts_per_s}"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Training:
    """How long each part of a training may take, and what a new version of a style must show.

    A task waits up to `launch_wait_s` for a GPU, tells at least once in `silence_s` that it lives, and trains for
    `train_s` in one go. A person decides within `approval_days`. The canary draws `canary_percent` of the jobs and is
    judged every `judge_every_s` until `least_jobs` are settled or `canary_s` are over; it may fail
    `most_failed_percent` of its images or `more_failed_points` more than the stable version, and take
    `slower_percent` more time.
    """

    launch_wait_s: Seconds
    silence_s: Seconds
    check_s: Seconds
    train_s: Seconds
    stop_grace_s: Annotated[int, Field(ge=2, le=MAX_STOP_S)]
    max_interruptions: Positive
    approval_days: Annotated[int, Field(ge=1, le=90)]
    canary_percent: Annotated[int, Field(ge=1, le=50)]
    canary_s: Annotated[int, Field(ge=1, le=14 * 24 * 3600)]
    judge_every_s: Seconds
    least_jobs: Positive
    most_failed_percent: Percent
    more_failed_points: Percent
    slower_percent: Percent
    worse_percent: Percent
    runs_kept_days: Days

    @property
    def longest_s(self) -> int:
        """All of it, every part as slow as it may be: two canaries, because another's may have to end first."""
        attempts = self.launch_wait_s + self.train_s
        waiting = self.approval_days * 24 * 3600 + 2 * (self.canary_s + self.judge_every_s)
        return self.launch_wait_s + self.check_s + 2 * (1 + self.max_interruptions) * attempts + waiting

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.judge_every_s > self.canary_s:
            raise ValueError(f"judge_every_s: a canary is judged within its {self.canary_s} s")
        if self.longest_s > MAX_EXECUTION_S:
            raise ValueError("train_s: with all its waits a training would take longer than an execution may")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Makers:
    """What a maker gets. `default_plan` is a new maker's.

    `moderator` judges prompts beside the word lists; `unjudged` says whether a prompt is taken while it does not
    answer. A guardrail answers from any region of its `guardrail_geography`.
    """

    default_plan: Literal["free", "plus", "pro", "partner"]
    moderator: Literal["none", "comprehend", "guardrail"] = "none"
    unjudged: Literal["accept", "refuse"] = "refuse"
    guardrail_geography: Literal["us", "eu", "apac"] = "us"
    job_retention_days: Days
    url_lifetime_s: Seconds


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Throttle:
    """Requests a second over all makers, and how many more at once."""

    per_s: Positive
    burst: Positive


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Api:
    """How many requests each kind of route takes, which origins browsers may call from, and who signs tokens.

    `submissions`, `polling` and `others` bound each route of that kind by itself, so that none takes what another
    needs; all routes together stay within `account_per_s`, API Gateway's quota of the account in the region.

    Without `oidc_issuer` the stage has a Cognito user pool of its own. A token needs one of `maker_scopes` for makers'
    routes and `admin_scope` for the administrative ones, as the issuer names them. The user pool gives the first of
    makers' scopes to whoever signs in, the second to servers.
    """

    submissions: Throttle
    polling: Throttle
    others: Throttle
    account_per_s: Positive = 10_000
    allowed_origins: tuple[str, ...]
    oidc_issuer: Annotated[str, Field(pattern=r"^https://")] | None = None
    oidc_audience: tuple[str, ...] = ()
    maker_scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = (
        "aws.cognito.signin.user.admin",
        "craftspark/jobs",
    )
    admin_scope: Scope = "craftspark/admin"

    @property
    def scopes(self) -> dict[str, tuple[str, ...]]:
        """What a token may have for each kind of route: one of these is enough."""
        return {MAKER: self.maker_scopes, ADMIN: (self.admin_scope,)}

    def throttle_of(self, route: Route) -> Throttle:
        """What a route takes."""
        throttles: dict[str, Throttle] = {
            "submissions": self.submissions,
            "polling": self.polling,
            "others": self.others,
        }
        return throttles[route.traffic]

    @model_validator(mode="after")
    def _check_throttles(self) -> Self:
        together = sum(self.throttle_of(route).per_s for route in ROUTES)
        if together > self.account_per_s:
            raise ValueError(f"account_per_s: the routes together take {together} requests a second, which is more")
        return self

    @model_validator(mode="after")
    def _check_issuer(self) -> Self:
        if (self.oidc_issuer is None) != (not self.oidc_audience):
            raise ValueError("oidc_audience: a foreign issuer needs it and a user pool of ours has its own")
        if self.admin_scope in self.maker_scopes:
            raise ValueError("admin_scope: a maker's token must not have it, so it is none of maker_scopes")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class UserPool:
    """A stage's own user pool.

    `self_sign_up`: whether anybody can make an account. `threat_protection` judges sign-ins and leaked passwords, and
    with `enforced` stops what is risky; anything but `off` is Cognito's plan Plus. `requests_per_address` is what one
    address may ask in five minutes before a web ACL blocks it; None for no web ACL. `mail_from` is the address that
    sign-up mails come from, of a domain that SES has verified in `mail_region`; without it Cognito sends them, about 50
    a day.
    """

    self_sign_up: bool
    threat_protection: Literal["off", "audit", "enforced"]
    requests_per_address: Annotated[int, Field(ge=10)] | None
    mail_from: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None
    mail_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        if (self.mail_from is None) != (self.mail_region is None):
            raise ValueError("mail_from: goes with mail_region, where SES has verified its domain")
        return self


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Operations:
    """Who hears of alarms, what is too much within five minutes, and what is recorded.

    `execution_log` is what executions write down of their states, never of their data. `traced_percent` of the calls
    are traced by X-Ray, and one a second. `shells` lets an operator open a shell in a warm worker by ECS Exec.
    """

    alarm_email: str | None
    failed_executions: Count
    server_errors: Count
    deferred_orders: Count
    log_retention_days: Literal[1, 7, 14, 30, 90, 180, 365]
    execution_log: Literal["ALL", "ERROR", "FATAL"]
    traced_percent: Percent
    shells: bool


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Stage:
    """One deployment of Craftspark."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")]
    network: Network
    data: Data
    functions: Functions
    gpu: Gpu
    rendering: Rendering
    training: Training
    makers: Makers
    api: Api
    user_pool: UserPool
    operations: Operations

    def stack_name(self, stack: str) -> str:
        """What a stack is called in the account."""
        return f"Craftspark-{self.name.capitalize()}-{stack}"
