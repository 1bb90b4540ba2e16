"""Credits: what an account holds, and the rules by which a reservation is made and resolved.

At every instant `granted == available + reserved + spent`, and each reservation is resolved at most once.
"""

from dataclasses import dataclass

from craftspark.errors import CreditsInsufficient, RequestRefused, TooManyActiveJobs
from craftspark.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a new maker gets: credits, and how many jobs may be in progress at once."""

    welcome_credits: int
    max_active_jobs: int


@dataclass(frozen=True, kw_only=True)
class Account:
    """A maker's credits and jobs in progress."""

    maker: str
    granted: int
    available: int
    reserved: int
    spent: int
    active_jobs: int


def refusal(account: Account, job: Job, plan: Plan) -> RequestRefused | None:
    """Why this account cannot take this job, with what would fit; None where it can."""
    if account.available < job.price:
        affordable = account.available // job.credits_per_image
        return CreditsInsufficient(
            f"the job costs {job.price} credits and {account.available} are available"
            + (f"; a count of {affordable} would fit" if affordable else ""),
            field="count",
            price=job.price,
            available=account.available,
            affordable_count=affordable,
        )
    if account.active_jobs >= plan.max_active_jobs:
        return TooManyActiveJobs(
            f"{account.active_jobs} jobs are in progress and {plan.max_active_jobs} may be; wait for one or cancel one",
            active_jobs=account.active_jobs,
            max_active_jobs=plan.max_active_jobs,
        )
    return None
