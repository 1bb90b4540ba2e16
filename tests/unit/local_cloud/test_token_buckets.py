"""Token buckets refill at their rate, up to their size."""

import pytest

from local_cloud.emulator.quotas import token_buckets
from local_cloud.emulator.quotas.token_buckets import TokenBuckets
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(buckets: TokenBuckets, name: str = "a", *, rate: float = 2, size: float = 5) -> int:
    """How many tokens can be taken now."""
    count = 0
    while buckets.try_take(name, rate, size):
        count += 1
    return count


def test_a_bucket_is_full_at_first_and_refills_at_its_rate(clock: Clock) -> None:
    buckets = TokenBuckets(clock)

    assert taken(buckets) == 5
    clock.wait(1.5)
    assert taken(buckets) == 3
    clock.wait(60)
    assert taken(buckets) == 5


def test_each_bucket_has_its_own_tokens(clock: Clock) -> None:
    buckets = TokenBuckets(clock)

    assert taken(buckets, "a") == 5
    assert taken(buckets, "b", size=3) == 3


def test_what_is_taken_beyond_a_bucket_is_owed(clock: Clock) -> None:
    buckets = TokenBuckets(clock)

    assert buckets.take("a", 4, rate=2, size=5) == 0
    assert buckets.take("a", 7, rate=2, size=5) == 3
    clock.wait(3)
    assert buckets.is_empty("a", rate=2, size=5)
    clock.wait(0.5)
    assert not buckets.is_empty("a", rate=2, size=5)


def test_full_buckets_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_buckets, "MANY", 10)
    buckets = TokenBuckets(clock)
    buckets.take("empty", 100, rate=1, size=5)

    for name in range(50):
        buckets.try_take(name, 1, 5)
        clock.wait(1)

    assert len(buckets) < 15
    assert buckets.is_empty("empty", rate=1, size=5)
