"""The model of the ledger keeps its invariants through 100,000 random steps. tests/e2e checks the tables."""

from collections import Counter

from craftspark.accounts.plans import Plan
from tests.ledger.histories import History, steps

PLAN = Plan(
    name="small", title="Small", monthly_credits=30, max_active_jobs=4, submissions_per_minute=10_000, largest_count=8
)


def test_credits_are_conserved_after_every_one_of_100_000_steps() -> None:
    seen: Counter[str] = Counter()
    expired = refused = 0
    for seed in range(1000):
        history = History(f"m{seed}", PLAN)
        for step in steps(seed, 100, makers=3):
            before = len(history.jobs)
            history.play(step)
            seen[step.kind] += 1
            refused += step.kind == "submit" and len(history.jobs) == before
        expired += sum(account.expired for account in history.model.accounts.values())

    assert sum(seen.values()) == 100_000
    assert min(seen.values()) > 1000
    assert expired > 1000
    assert refused > 1000
