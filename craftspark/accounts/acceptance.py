"""Acceptance of a job: the job and its reservation, written in one transaction."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from craftspark.accounts.accounts import TRIES, Accounts
from craftspark.accounts.changes import AccountChanged, Change
from craftspark.accounts.credits import Account, plan_error
from craftspark.accounts.plans import Plan, find_plan
from craftspark.accounts.reservations import prepare, reserve
from craftspark.errors import AccountContended, AccountMissing, JobNotFound
from craftspark.jobs.idempotency import Effect
from craftspark.jobs.job import Job
from craftspark.jobs.submissions import Admission, JobExists

PLANS_REMEMBERED = 20_000


class AcceptanceRecords(Protocol):
    """Stores new jobs, each in one transaction with the maker's account."""

    def add(self, job: Job, reservation: Change, effect: Effect | None, now: datetime) -> None:
        """Write the job and its reservation, and bind the effect's key.

        Writes nothing and raises JobExists, IdempotencyKeyReused, AccountMissing, AccountContended, or AccountChanged
        if a condition of the reservation does not hold.
        """

    def read(self, job_id: str) -> Job:
        """Raises JobNotFound."""


@dataclass(frozen=True, kw_only=True)
class AccountAcceptance:
    """See craftspark.jobs.submissions.Acceptance.

    It caches the plans of makers. A submission is written under the condition of the cached plan. It is written again
    if the account has another plan, is in an earlier month, or starts a new minute.
    """

    records: AcceptanceRecords
    accounts: Accounts
    plans: dict[str, str] = field(default_factory=dict)

    def accept(self, job: Job, effect: Effect | None = None, *, admission: Admission | None = None) -> None:
        for _ in range(TRIES):
            plan = self.likely_plan(job.maker)
            refusal = plan_error(plan, job) or (admission(plan) if admission else None)
            if refusal:
                if self._remember(self._account(job.maker)) == plan.name:
                    raise refusal
                continue
            now = self.accounts.now()
            accepted = replace(job, refunds_missed_subject=plan.refunds_missed_subject)
            try:
                self.records.add(accepted, reserve(job, plan, now), effect, now)
            except AccountChanged as changed:
                self._remember(changed.account)
                if preparation := prepare(changed.account, job, plan, self.accounts.now()):
                    self.accounts.try_write(preparation)
            else:
                return
        raise AccountContended("another request changed your account at the same time; send this request again")

    def likely_plan(self, maker: str) -> Plan:
        return find_plan(self.plans.get(maker, self.accounts.plan.name))

    def plan_of(self, maker: str) -> Plan:
        return self.accounts.plan_of(maker)

    def check_new(self, job_id: str) -> None:
        """Raise JobExists if the job exists. The conditions of its acceptance may have changed since then."""
        with suppress(JobNotFound):
            raise JobExists(self.records.read(job_id))

    def open_account(self, maker: str) -> None:
        self.accounts.open(maker)

    def _account(self, maker: str) -> Account:
        account = self.accounts.records.find(maker)
        if account is None:
            raise AccountMissing(f"{maker} has no account")
        return account

    def _remember(self, account: Account) -> str:
        """Cache the account's plan for the next submission, and return it."""
        if len(self.plans) >= PLANS_REMEMBERED:
            self.plans.clear()
        self.plans[account.maker] = account.plan
        return account.plan
