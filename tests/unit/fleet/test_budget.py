from hypothesis import given
from hypothesis import strategies as st

from craftspark.fleet.observations import Limits
from craftspark.fleet.policy.budget import Wish, share
from tests.unit.fleet.observed import PLENTY


def wish(tasks: int, *, price: float = 1.0, rank: int = 0, kind: str = "spot") -> Wish:
    return Wish(kind=kind, rank=rank, tasks=tasks, price=price)


def test_a_pool_that_asks_for_little_gets_all_of_it() -> None:
    asked = {"draw": [wish(100)], "scale": [wish(3)], "rare": [wish(30)]}

    assert share(asked, Limits(dollars_per_hour=1000.0, max_tasks=43)) == {"draw": [20], "scale": [3], "rare": [20]}


def test_the_interactive_lanes_of_all_pools_come_before_bulk_work() -> None:
    asked = {"draw": [wish(2), wish(50, rank=1)], "scale": [wish(8), wish(50, rank=1)]}

    assert share(asked, Limits(dollars_per_hour=1000.0, max_tasks=14)) == {"draw": [2, 4], "scale": [8, 0]}
    assert share(asked, Limits(dollars_per_hour=1000.0, max_tasks=10)) == {"draw": [2, 0], "scale": [8, 0]}


def test_what_the_budget_cannot_pay_is_left_out_and_cheaper_tasks_are_granted() -> None:
    asked = {"draw": [wish(2, price=3.0, kind="on_demand"), wish(4, price=1.0)]}

    assert share(asked, Limits(dollars_per_hour=5.0, max_tasks=100)) == {"draw": [1, 2]}


wishes = st.dictionaries(
    st.sampled_from(["draw", "scale", "rare"]),
    st.lists(st.builds(wish, st.integers(0, 40), price=st.floats(0.1, 5.0), rank=st.integers(0, 1)), max_size=4),
)


@given(wishes, st.integers(0, 60), st.floats(0.0, 100.0))
def test_the_limits_are_never_exceeded(asked: dict[str, list[Wish]], max_tasks: int, dollars: float) -> None:
    granted = share(asked, Limits(dollars_per_hour=dollars, max_tasks=max_tasks))

    pairs = [(each, tasks) for pool, got in granted.items() for each, tasks in zip(asked[pool], got, strict=True)]
    assert all(0 <= tasks <= each.tasks for each, tasks in pairs)
    assert sum(tasks for _, tasks in pairs) <= max_tasks
    assert sum(each.price * tasks for each, tasks in pairs) <= dollars + 1e-6


@given(wishes)
def test_every_wish_is_granted_within_generous_limits(asked: dict[str, list[Wish]]) -> None:
    assert share(asked, PLENTY) == {pool: [each.tasks for each in got] for pool, got in asked.items()}
