"""Credits: what an account holds, and the rules for making and resolving reservations.

Every change moves credits between two of five holdings: `issued` (outside the account), `available`, `reserved`,
`spent` and `expired`. At all times `granted == available + reserved + spent + expired`, no holding is negative, and
each reservation is resolved at most once.

The monthly credits are used before other credits. At the end of the month the unused part, `monthly - used`, expires. A
refund in the month of its reservation reduces `used`. A later refund adds credits that do not expire.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from craftspark.accounts.plans import Plan
from craftspark.errors import (
    AccountSuspended,
    CreditsInsufficient,
    PlanExceeded,
    RequestRefused,
    TooManyActiveJobs,
    TooManyRequests,
)
from craftspark.jobs.job import Job

EntryKind = Literal["grant", "reserve", "commit", "refund", "expire", "adjust"]
Holding = Literal["issued", "available", "reserved", "spent", "expired"]

POSTINGS: dict[EntryKind, tuple[Holding, Holding]] = {
    "grant": ("issued", "available"),
    "reserve": ("available", "reserved"),
    "commit": ("reserved", "spent"),
    "refund": ("reserved", "available"),
    "expire": ("available", "expired"),
    "adjust": ("available", "issued"),
}


REFUSAL_WINDOW = timedelta(hours=1)
MIN_HOLD, MAX_HOLD = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A maker's credits and jobs in progress.

    `month` ("2026-11") is the month of the last monthly grant. `monthly` is that grant, and `used` is the number of
    credits taken since then. `submissions` counts the jobs submitted in `minute`. `suspended` is the reason for a
    suspension, or None. `refusals` counts the prompts refused in the hour that starts at `refusals_from`. No job is
    accepted before `held_until`.
    """

    maker: str
    plan: str
    granted: int
    available: int
    reserved: int
    spent: int
    expired: int
    active_jobs: int
    month: str
    monthly: int
    used: int
    minute: str
    submissions: int
    suspended: str | None = None
    refusals: int = 0
    refusals_from: datetime | None = None
    held_until: datetime | None = None

    @property
    def expiring(self) -> int:
        """The credits that expire at the end of the account's month."""
        return max(0, self.monthly - self.used)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One immutable line of the ledger: `credits` moved from `source` to `target`."""

    name: str
    kind: EntryKind
    credits: int
    source: Holding
    target: Holding
    at: datetime
    job_id: str | None = None
    note: str | None = None

    @classmethod
    def of(
        cls,
        kind: EntryKind,
        name: str,
        credits: int,
        at: datetime,
        *,
        job_id: str | None = None,
        note: str | None = None,
    ) -> Self:
        """An entry of this kind, whose name is unique among them. Negative credits swap source and target."""
        source, target = POSTINGS[kind] if credits >= 0 else POSTINGS[kind][::-1]
        return cls(
            name=f"{kind}#{name}",
            kind=kind,
            credits=abs(credits),
            source=source,
            target=target,
            at=at,
            job_id=job_id,
            note=note,
        )


def month_of(moment: datetime) -> str:
    """The month of a UTC timestamp, such as "2026-11". Months sort as text."""
    return moment.isoformat()[:7]


def minute_of(moment: datetime) -> str:
    return moment.isoformat()[:16]


def hold_error(account: Account, now: datetime) -> TooManyRequests | None:
    """The error for a job that is submitted before the account's hold ends, or None."""
    if account.held_until is None or account.held_until <= now:
        return None
    wait_s = math.ceil((account.held_until - now).total_seconds())
    return TooManyRequests(
        f"{account.refusals} of your prompts were refused within an hour; send the next job in {wait_s} s",
        retry_after_s=wait_s,
    )


def hold_duration(refusals: int, plan: Plan) -> timedelta:
    """How long the maker's next job is refused after this number of refused prompts in an hour. It doubles with each
    one.
    """
    beyond = refusals - plan.refusals_per_hour
    return min(MIN_HOLD * 2 ** min(beyond, 10), MAX_HOLD) if beyond >= 0 else timedelta()


def plan_error(plan: Plan, job: Job) -> PlanExceeded | None:
    """The error for a job that the plan does not allow, regardless of the account's credits, or None."""
    if job.count > plan.largest_count:
        return PlanExceeded(
            f"the plan {plan.title} allows at most {plan.largest_count} images per job", field="count", plan=plan.name
        )
    if job.lane not in plan.lanes:
        return PlanExceeded(
            f"the plan {plan.title} does not include this lane; it includes {', '.join(plan.lanes)}",
            field="lane",
            plan=plan.name,
        )
    return None


def suspension_error(account: Account) -> AccountSuspended:
    """The error for a request from a suspended account."""
    return AccountSuspended(f"your account is suspended: {account.suspended}")


def reservation_error(account: Account, job: Job, plan: Plan) -> RequestRefused | None:
    """The error for a job that this account cannot pay for or start now, or None. It says what the maker can afford."""
    if account.suspended:
        return suspension_error(account)
    if held := hold_error(account, job.created_at):
        return held
    if account.available < job.price:
        affordable = account.available // job.credits_per_image
        return CreditsInsufficient(
            f"the job costs {job.price} credits and {account.available} are available"
            + (f"; reduce count to {affordable}" if affordable else ""),
            field="count",
            price=job.price,
            available=account.available,
            affordable_count=affordable,
        )
    if account.active_jobs >= plan.max_active_jobs:
        return TooManyActiveJobs(
            f"{account.active_jobs} jobs are in progress and the plan allows {plan.max_active_jobs}; wait for one to "
            "end or cancel one",
            active_jobs=account.active_jobs,
            max_active_jobs=plan.max_active_jobs,
        )
    if account.minute >= minute_of(job.created_at) and account.submissions >= plan.submissions_per_minute:
        return TooManyRequests(
            f"the plan {plan.title} allows {plan.submissions_per_minute} jobs per minute; wait for the next minute",
            retry_after_s=60 - job.created_at.second,
        )
    return None
