"""Reservations: the credits of a job from its submission to its end."""

from __future__ import annotations

from datetime import datetime

from craftspark.accounts.changes import Change, Condition, start_minute, start_month
from craftspark.accounts.credits import Account, Entry, EntryKind, minute_of, month_of, reservation_error
from craftspark.accounts.plans import Plan
from craftspark.jobs.job import Job


def reserve(job: Job, plan: Plan, now: datetime) -> Change:
    """Reserve the job's price, if the account has this plan, is in the job's month and minute, and allows the job."""
    price, created_at = job.price, job.created_at
    return Change(
        maker=job.maker,
        conditions=(
            Condition("suspended", "=", None),
            Condition("held_until", "<=", created_at, or_none=True),
            Condition("available", ">=", price),
            Condition("active_jobs", "<", plan.max_active_jobs),
            Condition("plan", "=", plan.name),
            Condition("month", ">=", month_of(created_at)),
            Condition("minute", ">=", minute_of(created_at)),
            Condition("submissions", "<", plan.submissions_per_minute),
        ),
        add={"available": -price, "reserved": price, "used": price, "active_jobs": 1, "submissions": 1},
        entries=(Entry.of("reserve", job.job_id, price, now, job_id=job.job_id),),
    )


def prepare(account: Account, job: Job, plan: Plan, now: datetime) -> Change | None:
    """The change that this account needs before `reserve` succeeds, or None if it can be tried again immediately.

    Raises the error that prevents the reservation.
    """
    if account.plan != plan.name:
        return None
    if account.month < month_of(job.created_at):
        return start_month(account, now)
    if error := reservation_error(account, job, plan):
        raise error
    if account.minute < minute_of(job.created_at):
        return start_minute(account, minute_of(job.created_at))
    return None


def resolve(job: Job, finished_at: datetime) -> tuple[Change, Change]:
    """Commit the credits that the final job spent, and refund the rest.

    A refund reduces the used credits only in the month of the reservation. So there is a change for an account in that
    month and one for a later month. The conditions of one of them hold. The likely one is first.
    """
    same_month = month_of(job.created_at) == month_of(finished_at)
    likely, other = (_resolve(job, finished_at, same_month=each) for each in (same_month, not same_month))
    return likely, other


def _resolve(job: Job, finished_at: datetime, *, same_month: bool) -> Change:
    refunded = job.price - job.spent
    reason = f"{job.uncharged} of {job.count} images may not show their subject" if job.uncharged else None
    notes: dict[EntryKind, str | None] = {"refund": reason}
    amounts: dict[EntryKind, int] = {"commit": job.spent, "refund": refunded}
    return Change(
        maker=job.maker,
        conditions=(
            Condition("reserved", ">=", job.price),
            Condition("month", "=" if same_month else "<>", month_of(job.created_at)),
        ),
        add={
            "available": refunded,
            "reserved": -job.price,
            "spent": job.spent,
            "active_jobs": -1,
            **({"used": -refunded} if same_month else {}),
        },
        entries=tuple(
            Entry.of(kind, job.job_id, credits, finished_at, job_id=job.job_id, note=notes.get(kind))
            for kind, credits in amounts.items()
            if credits
        ),
    )
