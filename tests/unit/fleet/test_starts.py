from craftspark.fleet.decisions import TypeMemory
from craftspark.fleet.observations import Tasks
from craftspark.fleet.policy.starts import follow, overdue, ready_in
from tests.unit.fleet.observed import MONDAY


def tasks(running: int, starting: int, oldest_start_s: float = 0.0) -> Tasks:
    return Tasks(running=running, starting=starting, oldest_start_s=oldest_start_s, maximum=50, price=1.0)


def followed(*seen: Tasks) -> TypeMemory:
    memory = TypeMemory()
    for step, each in enumerate(seen):
        memory = follow(memory, each, MONDAY + 20 * step, 20.0)
    return memory


def test_tasks_that_start_are_ready_a_cold_start_after_their_request() -> None:
    memory = followed(tasks(2, 0), tasks(2, 3), tasks(2, 3), tasks(2, 5))

    assert ready_in(memory, MONDAY + 60, 120.0) == ((80.0, 3), (120.0, 2))


def test_the_oldest_ones_run_first() -> None:
    memory = followed(tasks(0, 3), tasks(0, 5), tasks(3, 2))

    assert ready_in(memory, MONDAY + 40, 120.0) == ((100.0, 2),)


def test_a_replacement_is_as_young_as_the_oldest_start() -> None:
    memory = followed(tasks(0, 3), *[tasks(3, 0)] * 5, tasks(0, 3, oldest_start_s=10.0))

    assert ready_in(memory, MONDAY + 120, 120.0) == ((110.0, 3),)


def test_the_first_observation_knows_no_older_start_than_an_interval() -> None:
    memory = followed(tasks(0, 4, oldest_start_s=300.0))

    assert memory.starts == ((MONDAY - 20, 4),)


def test_a_start_that_takes_much_longer_than_a_cold_start_is_overdue() -> None:
    memory = followed(*[tasks(0, 4)] * 9)

    assert overdue(memory, MONDAY + 140, 120.0) == 0
    assert ready_in(memory, MONDAY + 140, 120.0) == ((10.0, 4),)
    assert overdue(memory, MONDAY + 160, 120.0) == 4
    assert ready_in(memory, MONDAY + 160, 120.0) == ()
