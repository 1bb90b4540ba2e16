"""Random histories of makers' accounts, applied to the model and to the tables, step by step."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from craftspark.accounts.acceptance import AccountAcceptance
from craftspark.accounts.accounts import Accounts
from craftspark.accounts.credits import Account
from craftspark.accounts.plans import Plan
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.aws.jobs.acceptance import AcceptanceTable
from craftspark.aws.jobs.job_table import JobTable
from craftspark.aws.jobs.render_table import JobEnded, RenderTable
from craftspark.errors import CreditsInsufficient, JobAlreadyFinal, RequestRefused
from craftspark.jobs.endings import JobEnd
from craftspark.jobs.idempotency import EffectExists
from craftspark.jobs.job import Job, JobState, StoredImage
from craftspark.jobs.settlement import Settlement
from craftspark.jobs.submissions import JobExists
from tests.fakes import a_job
from tests.ledger.model import Model, ModelAccount, misses_subject

START = datetime(2030, 1, 28, 12, tzinfo=UTC)
STEPS = ("submit", "again", "render", "duplicate", "settle", "cancel", "overdue", "time", "top_up", "adjust", "look")
WEIGHTS = (6, 1, 8, 2, 3, 1, 1, 2, 1, 1, 1)


@dataclass(frozen=True)
class Step:
    kind: str
    maker: int
    job: int
    number: int


def steps(seed: int, count: int, makers: int) -> Iterator[Step]:
    """Generate a history. The same seed gives the same history."""
    draw = random.Random(seed)
    for _ in range(count):
        kind = draw.choices(STEPS, WEIGHTS)[0]
        yield Step(kind, draw.randrange(makers), draw.randrange(1_000_000), draw.randrange(1, 9))


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Renders(Protocol):
    """Records images of jobs."""

    def add(self, job: Job, image: StoredImage) -> None:
        """Raises JobEnded."""


@dataclass
class Ledger:
    """The code under test, on tables or in memory."""

    accounts: Accounts
    acceptance: AccountAcceptance
    renders: Renders
    settlement: Settlement
    clock: Clock

    def submit(self, job: Job) -> bool:
        try:
            if self.accounts.records.find(job.maker) is None:
                self.acceptance.open_account(job.maker)
            self.acceptance.accept(job)
        except JobExists:
            return True
        except RequestRefused:
            return False
        return True

    def store(self, job: Job, index: int) -> bool:
        image = StoredImage(
            index=index,
            width=8,
            height=8,
            render_s=0.1,
            stored_at=self.clock(),
            seed=1,
            subject_missed=misses_subject(index),
        )
        try:
            self.renders.add(job, image)
        except JobEnded:
            return False
        return True

    def cancel(self, job: Job) -> None:
        with suppress(JobAlreadyFinal):
            self.settlement.cancel(job.maker, job.job_id)


def ledger_on_tables(
    client: Any, *, jobs_table: str, accounts_table: str, styles_table: str, plan: Plan, clock: Clock
) -> Ledger:
    """The code under test on real tables."""
    accounts = Accounts(records=AccountTable(client=client, table=accounts_table), plan=plan, now=clock)
    new_jobs = AcceptanceTable(client=client, jobs_table=jobs_table, accounts_table=accounts_table)
    jobs = JobTable(client=client, jobs_table=jobs_table, accounts_table=accounts_table, styles_table=styles_table)
    return Ledger(
        accounts=accounts,
        acceptance=AccountAcceptance(records=new_jobs, accounts=accounts),
        renders=RenderTable(client=client, jobs_table=jobs_table),
        settlement=Settlement(records=jobs, now=clock),
        clock=clock,
    )


class History:
    """Applies steps to the model and to the ledger. `play` raises an error if the two disagree."""

    def __init__(self, name: str, plan: Plan, ledger: Ledger) -> None:
        self.name = name
        self.model = Model(plan)
        self.ledger = ledger
        self.clock = ledger.clock
        self.jobs: dict[str, Job] = {}

    def play(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)
        self.model.check()
        maker = self._maker(step)
        if maker in self.model.accounts:
            stored = self.ledger.accounts.records.find(maker)
            assert stored is not None
            assert facts(stored) == facts(self.model.accounts[maker]), (self.name, step)

    @property
    def month(self) -> str:
        return self.clock.now.strftime("%Y-%m")

    def _maker(self, step: Step) -> str:
        return f"{self.name}-{step.maker}"

    def _job(self, step: Step) -> Job | None:
        mine = [job for job in self.jobs.values() if job.maker == self._maker(step)]
        return mine[step.job % len(mine)] if mine else None

    def _submit(self, step: Step) -> None:
        number = len(self.jobs)
        job = a_job(
            job_id=f"{self.name}{number}".replace("-", "").ljust(26, "a")[:26],
            maker=self._maker(step),
            seeds=tuple(range(step.number)),
            created_at=self.clock.now,
            deadline=self.clock.now + timedelta(hours=1),
            expires_at=self.clock.now + timedelta(days=30),
        )
        self._accept(job)

    def _accept(self, job: Job) -> None:
        accepted = self.model.submit(job.maker, job.job_id, job.count, self.month, job.expires_at)
        assert self.ledger.submit(job) == accepted, (self.name, job.job_id)
        if accepted:
            self.jobs.setdefault(job.job_id, job)

    def _again(self, step: Step) -> None:
        """Submit the same job again, after any result of the first submission."""
        if job := self._job(step):
            self._accept(replace(job, created_at=self.clock.now))

    def _render(self, step: Step) -> None:
        if job := self._job(step):
            index = step.number % job.count
            counts = self.model.store(job.job_id, index)
            assert self.ledger.store(job, index) == counts, (self.name, step)

    def _duplicate(self, step: Step) -> None:
        """Deliver the same message to two workers."""
        self._render(step)
        self._render(step)

    def _settle(self, step: Step) -> None:
        if job := self._job(step):
            ended = self.model.resolve(job.job_id, self.clock.now)
            final, now = self.ledger.settlement.settle(JobEnd(job_id=job.job_id, outcomes=()))
            assert now == ended, (self.name, step)
            assert final.spent + final.refunded == final.price

    def _overdue(self, step: Step) -> None:
        if job := self._job(step):
            self.model.resolve(job.job_id, self.clock.now)
            assert self.ledger.settlement.end_overdue(job.job_id).state is not JobState.RUNNING

    def _cancel(self, step: Step) -> None:
        if job := self._job(step):
            self.model.resolve(job.job_id, self.clock.now)
            self.ledger.cancel(job)

    def _time(self, step: Step) -> None:
        """Advance the clock by some hours, or to another month."""
        self.clock.now += timedelta(days=step.number - 1, hours=step.job % 24, seconds=step.job % 60)

    def _top_up(self, step: Step) -> None:
        self.model.top_up(self._maker(step), step.number, self.month)
        self.ledger.accounts.read(self._maker(step))
        # A payment service sends its message twice. The second has no effect.
        for _ in range(2):
            with suppress(EffectExists):
                key = f"{step.job}-{len(self.jobs)}"
                self.ledger.accounts.top_up(self._maker(step), step.number, key, "top-up")

    def _adjust(self, step: Step) -> None:
        credits = step.number - 5
        done = self.model.adjust(self._maker(step), credits, self.month)
        self.ledger.accounts.read(self._maker(step))
        key = f"{step.job}-{self.clock.now:%d%H%M}-{len(self.jobs)}"
        try:
            for _ in range(2):
                with suppress(EffectExists):
                    self.ledger.accounts.adjust(self._maker(step), credits, key, "put right")
            assert done, (self.name, step)
        except CreditsInsufficient:
            assert not done, (self.name, step)

    def _look(self, step: Step) -> None:
        self.model.touch(self._maker(step), self.month)
        self.ledger.accounts.read(self._maker(step))


def facts(account: Account | ModelAccount) -> tuple[Any, ...]:
    return (
        account.month,
        account.granted,
        account.available,
        account.reserved,
        account.spent,
        account.expired,
        account.active_jobs,
        account.monthly,
        account.used,
    )


def posted(client: Any, table: str, maker: str) -> dict[str, int]:
    """The sums of the entries in a maker's ledger, by holding."""
    totals = dict.fromkeys(("issued", "available", "reserved", "spent", "expired"), 0)
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="maker = :maker AND begins_with(#item, :entry)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":maker": {"S": maker}, ":entry": {"S": "entry#"}},
        ConsistentRead=True,
    )
    for page in pages:
        for item in page["Items"]:
            totals[item["source"]["S"]] -= int(item["credits"]["N"])
            totals[item["target"]["S"]] += int(item["credits"]["N"])
    return totals
