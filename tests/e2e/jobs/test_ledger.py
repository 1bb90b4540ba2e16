"""The ledger on the emulator's tables: concurrent histories of many makers, and a race for the last credits."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from craftspark.accounts.plans import PLANS, Plan
from craftspark.aws.transactions import retry_conflicts
from craftspark.errors import AccountContended, CreditsInsufficient
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.waiting import HANGS_AFTER_S
from tests.fakes import a_job
from tests.ledger.histories import START, Clock, History, Ledger, ledger_on_tables, posted, steps

HISTORIES, STEPS, AT_ONCE = 200, 12, 8
SUBMITTERS, AFFORDABLE = 32, 10
SMALL = Plan(
    name="small", title="Small", monthly_credits=10, max_active_jobs=4, submissions_per_minute=10_000, largest_count=8
)


@pytest.fixture
def ledger(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(PLANS, SMALL.name, SMALL)

    def of(plan: Plan = SMALL) -> Ledger:
        return ledger_on_tables(
            retry_conflicts(cloud.client("dynamodb")),
            jobs_table=cloud.outputs["JobsTableName"],
            accounts_table=cloud.outputs["AccountsTableName"],
            styles_table=cloud.outputs["StylesTableName"],
            plan=plan,
            clock=Clock(),
        )

    return of


def test_histories_conserve_credits_after_every_step(ledger: Any, cloud: LocalCloud) -> None:
    def play(seed: int) -> int:
        history = History(f"e{seed}", SMALL, ledger())
        for step in steps(seed, STEPS, makers=2):
            history.play(step)
        for maker, there in history.model.accounts.items():
            totals = posted(cloud.client("dynamodb"), cloud.outputs["AccountsTableName"], maker)
            assert -totals["issued"] == there.granted
            assert min(totals[name] for name in ("available", "reserved", "spent", "expired")) >= 0
        return len(history.jobs)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        jobs = list(threads.map(play, range(HISTORIES)))

    assert len(jobs) == HISTORIES
    assert sum(jobs) > HISTORIES


def test_of_32_submitters_at_once_as_many_are_accepted_as_there_are_credits_for(ledger: Any) -> None:
    plan = Plan(
        name=SMALL.name,
        title="Small",
        monthly_credits=2 * AFFORDABLE + 1,
        max_active_jobs=100,
        submissions_per_minute=10_000,
        largest_count=8,
    )
    PLANS[SMALL.name] = plan
    there = ledger(plan)
    there.acceptance.open_account("racer")
    go = threading.Barrier(SUBMITTERS)

    def submit(number: int) -> bool:
        job = a_job(job_id=f"race{number}".ljust(26, "a"), maker="racer", seeds=(1, 2), created_at=START)
        go.wait(HANGS_AFTER_S)
        while True:
            try:
                there.acceptance.accept(job)
            except CreditsInsufficient:
                return False
            except AccountContended:
                continue
            return True

    with ThreadPoolExecutor(SUBMITTERS) as threads:
        accepted = list(threads.map(submit, range(SUBMITTERS)))

    account = there.accounts.records.find("racer")
    assert account
    assert sum(accepted) == AFFORDABLE
    assert (account.available, account.reserved, account.active_jobs) == (1, 2 * AFFORDABLE, AFFORDABLE)
