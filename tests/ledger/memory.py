"""The ledger's code in memory: the same rules, with records that apply changes to values."""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from craftspark.accounts.acceptance import AccountAcceptance
from craftspark.accounts.accounts import Accounts, account_missing
from craftspark.accounts.changes import AccountChanged, Change, Condition
from craftspark.accounts.credits import Account, Entry
from craftspark.accounts.plans import Plan
from craftspark.accounts.reservations import resolve
from craftspark.aws.jobs.render_table import JobEnded
from craftspark.errors import JobNotFound
from craftspark.jobs.idempotency import Effect, EffectExists, Write
from craftspark.jobs.job import Job, JobRecord, StoredImage
from craftspark.jobs.settlement import Settlement, Verdict
from craftspark.jobs.submissions import JobExists
from tests.ledger.histories import Clock, Ledger

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
}


def holds(condition: Condition, account: Account) -> bool:
    """Whether the account meets the condition. As in DynamoDB, a missing field meets no comparison with a value."""
    stored = getattr(account, condition.field)
    if stored is None or condition.value is None:
        return (stored is None and condition.value is None) or (stored is None and condition.or_none)
    return OPERATORS[condition.operator](stored, condition.value)


def changed(account: Account, change: Change) -> Account:
    """The account after the change."""
    added = {name: getattr(account, name) + number for name, number in change.add.items()}
    assert not added.keys() & change.put.keys(), change
    return replace(account, **added, **change.put)  # type: ignore[arg-type]


@dataclass
class FakeAccountRecords:
    """Accounts and their entries, in memory. `before_write` is called once, before the next write."""

    accounts: dict[str, Account] = field(default_factory=dict)
    ledgers: dict[str, dict[str, Entry]] = field(default_factory=dict)
    also: list[Write] = field(default_factory=list)
    before_write: Callable[[], None] | None = None
    calls: list[str] = field(default_factory=list)

    def find(self, maker: str) -> Account | None:
        self.calls.append("find")
        return self.accounts.get(maker)

    def add(self, account: Account, grant: Entry) -> None:
        self.calls.append("add")
        if account.maker not in self.accounts:
            self.accounts[account.maker] = account
            self.ledgers[account.maker] = {grant.name: grant}

    def write(self, change: Change, also: Sequence[Write] = ()) -> None:
        self.calls.append("write")
        overtake, self.before_write = self.before_write, None
        if overtake:
            overtake()
        account = self.accounts.get(change.maker)
        if account is None:
            raise account_missing(change.maker)
        if not all(holds(condition, account) for condition in change.conditions):
            raise AccountChanged(account)
        ledger = self.ledgers[change.maker]
        if any(entry.name in ledger for entry in change.entries):
            raise EffectExists("it was written before")
        self.accounts[change.maker] = changed(account, change)
        ledger.update({entry.name: entry for entry in change.entries})
        self.also += also

    def has_entry(self, maker: str, name: str) -> bool:
        self.calls.append("has_entry")
        return name in self.ledgers.get(maker, {})

    def totals(self, maker: str) -> dict[str, int]:
        """The sums of the entries in a maker's ledger, by holding."""
        totals = dict.fromkeys(("issued", "available", "reserved", "spent", "expired"), 0)
        for entry in self.ledgers[maker].values():
            totals[entry.source] -= entry.credits
            totals[entry.target] += entry.credits
        return totals


class FakeJobs:
    """Jobs in memory: their acceptance, their images and their ends."""

    def __init__(self, accounts: FakeAccountRecords) -> None:
        self.accounts = accounts
        self.records: dict[str, JobRecord] = {}

    def submit(self, job: Job, reservation: Change) -> None:
        if job.job_id in self.records:
            raise JobExists(self.records[job.job_id].job)
        self.accounts.write(reservation)
        self.records[job.job_id] = JobRecord(job=job, images={})

    def store(self, job: Job, image: StoredImage) -> None:
        record = self.records[job.job_id]
        if image.index in record.images:
            return
        if record.job.state.final:
            raise JobEnded(job.job_id)
        self.records[job.job_id] = replace(record, images={**record.images, image.index: image})

    def read(self, job_id: str) -> JobRecord:
        try:
            return self.records[job_id]
        except KeyError:
            raise JobNotFound("none") from None

    def read_any(self, job_id: str) -> JobRecord:
        return self.read(job_id)

    def overdue(self, now: datetime) -> Iterable[str]:
        return [name for name, record in self.records.items() if record.job.deadline < now]

    def end(self, record: JobRecord, verdict: Verdict) -> Job:
        job = replace(
            record.job,
            state=verdict.state,
            delivered=verdict.delivered,
            uncharged=verdict.uncharged,
            failures=verdict.failures,
            finished_at=verdict.finished_at,
        )
        likely, other = resolve(job, verdict.finished_at)
        try:
            self.accounts.write(likely)
        except AccountChanged:
            self.accounts.write(other)
        self.records[job.job_id] = replace(record, job=job)
        return job


@dataclass(frozen=True)
class FakeAcceptanceRecords:
    jobs: FakeJobs

    def add(self, job: Job, reservation: Change, effect: Effect | None, now: datetime) -> None:
        self.jobs.submit(job, reservation)

    def read(self, job_id: str) -> Job:
        return self.jobs.read(job_id).job


@dataclass(frozen=True)
class FakeRenders:
    jobs: FakeJobs

    def add(self, job: Job, image: StoredImage) -> None:
        self.jobs.store(job, image)


def ledger_in_memory(plan: Plan, clock: Clock, records: FakeAccountRecords) -> Ledger:
    """The code under test on records in memory."""
    jobs = FakeJobs(records)
    accounts = Accounts(records=records, plan=plan, now=clock)
    return Ledger(
        accounts=accounts,
        acceptance=AccountAcceptance(records=FakeAcceptanceRecords(jobs), accounts=accounts),
        renders=FakeRenders(jobs),
        settlement=Settlement(records=jobs, now=clock),
        clock=clock,
    )
