"""A model of the ledger in memory: the same steps, with plain numbers and without races."""

from dataclasses import dataclass, field
from datetime import datetime

from craftspark.accounts.plans import Plan


def misses_subject(index: int) -> bool:
    """Whether the image with this index of any job does not show its subject."""
    return index % 3 == 1


@dataclass
class ModelJob:
    maker: str
    price: int
    credits_per_image: int
    count: int
    month: str
    expires_at: datetime
    refunds_missed_subject: bool
    stored: set[int] = field(default_factory=set)
    final: bool = False
    charged: int = 0


@dataclass
class ModelAccount:
    plan: Plan
    month: str
    available: int = 0
    reserved: int = 0
    spent: int = 0
    expired: int = 0
    granted: int = 0
    active_jobs: int = 0
    monthly: int = 0
    used: int = 0


class Model:
    """The accounts and jobs of all makers. `check` raises an error if an invariant does not hold."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.accounts: dict[str, ModelAccount] = {}
        self.jobs: dict[str, ModelJob] = {}

    def touch(self, maker: str, month: str) -> ModelAccount:
        """The account, opened if necessary and moved into the current month."""
        account = self.accounts.get(maker)
        if account is None:
            account = self.accounts[maker] = ModelAccount(self.plan, month)
            self._grant_month(account)
        elif account.month < month:
            left = max(0, account.monthly - account.used)
            account.available -= left
            account.expired += left
            account.month, account.used = month, 0
            self._grant_month(account)
        return account

    def _grant_month(self, account: ModelAccount) -> None:
        account.monthly = account.plan.monthly_credits
        account.granted += account.monthly
        account.available += account.monthly

    def submit(self, maker: str, job_id: str, count: int, month: str, expires_at: datetime) -> bool:
        """Accept a job. Returns whether the job exists now."""
        if job_id in self.jobs:
            return True
        account = self.touch(maker, month)
        if account.available < count or account.active_jobs >= account.plan.max_active_jobs:
            return False
        account.available -= count
        account.reserved += count
        account.used += count
        account.active_jobs += 1
        self.jobs[job_id] = ModelJob(maker, count, 1, count, month, expires_at, account.plan.refunds_missed_subject)
        return True

    def store(self, job_id: str, index: int) -> bool:
        """Store an image. Returns whether it counts. An image that is already stored counts and changes nothing."""
        job = self.jobs[job_id]
        if index in job.stored:
            return True
        if job.final or index >= job.count:
            return False
        job.stored.add(index)
        return True

    def resolve(self, job_id: str, now: datetime) -> bool:
        """Settle, cancel or time out a job. Returns whether it ended now.

        The images of an expired job cannot be downloaded, so they are not charged.
        """
        job = self.jobs[job_id]
        if job.final:
            return False
        job.final = True
        account = self.accounts[job.maker]
        charged = {index for index in job.stored if not (job.refunds_missed_subject and misses_subject(index))}
        spent = job.charged = 0 if job.expires_at <= now else len(charged) * job.credits_per_image
        refunded = job.price - spent
        account.reserved -= job.price
        account.spent += spent
        account.available += refunded
        account.active_jobs -= 1
        if account.month == job.month:
            account.used -= refunded
        return True

    def top_up(self, maker: str, credits: int, month: str) -> None:
        account = self.touch(maker, month)
        account.granted += credits
        account.available += credits

    def adjust(self, maker: str, credits: int, month: str) -> bool:
        account = self.touch(maker, month)
        if account.available + credits < 0:
            return False
        account.granted += credits
        account.available += credits
        account.used += max(0, -credits)
        return True

    def check(self) -> None:
        for maker, account in self.accounts.items():
            holdings = (account.available, account.reserved, account.spent, account.expired, account.active_jobs)
            assert min(*holdings, account.used) >= 0, (maker, account)
            assert account.granted == sum(holdings[:4]), (maker, account)
            jobs = [job for job in self.jobs.values() if job.maker == maker]
            assert account.reserved == sum(job.price for job in jobs if not job.final), (maker, account)
            assert account.active_jobs == sum(not job.final for job in jobs), (maker, account)
            assert account.spent == sum(job.charged for job in jobs), (maker, account)
