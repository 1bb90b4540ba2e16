"""The rules of accounts agree with an independent model through 100,000 random steps, in memory.

Other tests play histories on tables.
"""

from collections import Counter

import pytest

from craftspark.accounts.plans import PLANS, Plan
from tests.ledger.histories import Clock, History, steps
from tests.ledger.memory import FakeAccountRecords, ledger_in_memory

PLAN = Plan(
    name="small",
    title="Small",
    monthly_credits=30,
    max_active_jobs=4,
    submissions_per_minute=10_000,
    largest_count=8,
    refunds_missed_subject=True,
)


def test_rules_and_model_agree_after_every_one_of_100_000_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLANS, PLAN.name, PLAN)
    seen: Counter[str] = Counter()
    expired = refused = 0
    for seed in range(1000):
        records = FakeAccountRecords()
        history = History(f"m{seed}", PLAN, ledger_in_memory(PLAN, Clock(), records))
        for step in steps(seed, 100, makers=3):
            before = len(history.jobs)
            history.play(step)
            seen[step.kind] += 1
            refused += step.kind == "submit" and len(history.jobs) == before
        for maker, account in history.model.accounts.items():
            assert records.totals(maker) == {
                "issued": -account.granted,
                "available": account.available,
                "reserved": account.reserved,
                "spent": account.spent,
                "expired": account.expired,
            }
            expired += account.expired

    assert sum(seen.values()) == 100_000
    assert min(seen.values()) > 1000
    assert expired > 1000
    assert refused > 1000
