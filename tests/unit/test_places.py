"""Who may run beside the services, and when."""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local_cloud.emulator import places as places_module
from local_cloud.emulator.places import NoPlace, Places, count
from local_cloud.emulator.task_processes import TASK_ARN, TaskFacts, TaskProcesses

HANGS_AFTER_S = 60.0


class FakeDemand:
    """Launched tasks by name. `looks` counts how often each has looked, by the thread's name."""

    def __init__(self, *tasks: str, services: int = 0) -> None:
        self.tasks = list(tasks)
        self.services = services
        self.looks: Mapping[str, threading.Semaphore] = {task: threading.Semaphore(0) for task in tasks}

    def launched(self) -> list[str]:
        if looks := self.looks.get(threading.current_thread().name):
            looks.release()
        return list(self.tasks)

    def service_tasks(self) -> int:
        return self.services


class Arrivals:
    """Takes places in threads, each named like its task; remembers who got one, and who did not."""

    def __init__(self, places: Places, demand: FakeDemand) -> None:
        self.places, self.demand = places, demand
        self.got: list[str] = []
        self._answered = {task: threading.Event() for task in demand.tasks}

    def arrive(self, task: str) -> None:
        """Have the task ask, and wait until it has its answer or looks for the second time: it waits."""
        threading.Thread(target=self._take, args=(task,), name=task, daemon=True).start()
        for _ in range(2):
            assert self.demand.looks[task].acquire(timeout=HANGS_AFTER_S)

    def answered(self, task: str) -> bool:
        return self._answered[task].wait(HANGS_AFTER_S)

    def _take(self, task: str) -> None:
        try:
            self.places.take(task)
            self.got.append(task)
        except NoPlace as refusal:
            self.got.append(str(refusal))
        self._answered[task].set()
        self.demand.looks[task].release(2)


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Pretend so many cores; two at first."""

    def pretend(number: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(number)))

    pretend(2)
    monkeypatch.setattr(places_module, "LOOK_AGAIN_S", 0.01)
    return pretend


@pytest.mark.parametrize(
    ("number", "services", "places"), [(1, 0, 1), (1, 3, 1), (2, 0, 2), (2, 1, 1), (8, 1, 7), (8, 8, 1), (8, 20, 1)]
)
def test_launched_tasks_get_the_cores_that_services_leave_and_at_least_one(
    cores: Callable[[int], None], number: int, services: int, places: int
) -> None:
    cores(number)

    assert count(services) == places


def test_places_are_given_in_the_order_of_run_task_whoever_asks_first() -> None:
    demand = FakeDemand("a", "b", "c", services=1)
    places = Places(demand)
    waiting = Arrivals(places, demand)

    waiting.arrive("c")
    waiting.arrive("b")  # "a" has not asked yet, and still is the first
    waiting.arrive("a")
    assert waiting.got == ["a"]
    places.release("a")
    assert waiting.answered("b")
    assert waiting.got == ["a", "b"]
    places.release("b")
    assert waiting.answered("c")

    assert waiting.got == ["a", "b", "c"]


def test_as_many_run_at_once_as_there_are_places() -> None:
    demand = FakeDemand("a", "b", "c")
    places = Places(demand)
    waiting = Arrivals(places, demand)

    waiting.arrive("b")  # two places: the second may go before the first has asked
    waiting.arrive("a")
    waiting.arrive("c")
    assert waiting.got == ["b", "a"]
    places.release("a")

    assert waiting.answered("c")


def test_a_task_that_is_stopped_while_it_waits_is_sent_away_and_holds_nobody_up() -> None:
    demand = FakeDemand("a", "b", "c", services=1)
    places = Places(demand)
    waiting = Arrivals(places, demand)
    places.take("a")
    for task in ("b", "c"):
        waiting.arrive(task)

    demand.tasks.remove("b")
    assert waiting.answered("b")
    places.release("a")

    assert waiting.answered("c")
    assert waiting.got == ["b was stopped while it waited for a place", "c"]


def test_a_service_that_grows_takes_its_core_first() -> None:
    demand = FakeDemand("a", "b")
    places = Places(demand)
    waiting = Arrivals(places, demand)
    places.take("a")

    demand.services = 1
    waiting.arrive("b")
    assert waiting.got == []
    places.release("a")

    assert waiting.answered("b")


def test_whoever_waits_is_sent_away_when_the_cloud_stops() -> None:
    demand = FakeDemand("a", "b", services=1)
    places = Places(demand)
    waiting = Arrivals(places, demand)
    places.take("a")
    waiting.arrive("b")

    places.close()

    assert waiting.answered("b")
    assert waiting.got == ["the local cloud is stopping"]


def test_a_program_that_cannot_be_started_gives_its_place_back(tmp_path: Path) -> None:
    demand = FakeDemand("task/a", "task/b", services=1)
    places = Places(demand)
    processes = TaskProcesses(
        commands={"image": (sys.executable, "-c", "")},
        working_dir=tmp_path / "missing",
        state_dir=tmp_path,
        endpoint="http://127.0.0.1:9",
        facts_of=lambda _: TaskFacts(group="", stop_grace_s=1),
        places=places,
    )

    with pytest.raises(FileNotFoundError):
        processes.run(
            "image", environment={}, labels={TASK_ARN: "task/a", "com.amazonaws.ecs.task-definition-family": "f"}
        )

    waiting = Arrivals(places, demand)
    waiting.arrive("task/b")
    assert waiting.got == ["task/b"]
