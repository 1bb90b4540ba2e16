"""Which launched tasks run at the same time as the services, and in which order."""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local_cloud.emulator.tasks import slots
from local_cloud.emulator.tasks.processes import TASK_ARN, TaskDetails, TaskProcesses
from local_cloud.emulator.tasks.slots import SlotUnavailable, TaskSlots, slot_count

HANGS_AFTER_S = 60.0


class FakeDemand:
    """Launched tasks by name. `polls` counts the polls of each task's thread, which has the task's name."""

    def __init__(self, *tasks: str, services: int = 0) -> None:
        self.tasks = list(tasks)
        self.services = services
        self.polls: Mapping[str, threading.Semaphore] = {task: threading.Semaphore(0) for task in tasks}

    def launched_tasks(self) -> list[str]:
        if polls := self.polls.get(threading.current_thread().name):
            polls.release()
        return list(self.tasks)

    def service_tasks(self) -> int:
        return self.services


class WaitingTasks:
    """Acquires slots in threads. `results` has the tasks that got a slot, and the messages of those that did not."""

    def __init__(self, slots: TaskSlots, demand: FakeDemand) -> None:
        self.slots, self.demand = slots, demand
        self.results: list[str] = []
        self._done = {task: threading.Event() for task in demand.tasks}

    def start(self, task: str) -> None:
        """Start the task's thread, and return when it has a result or polls for the second time, so it waits."""
        threading.Thread(target=self._acquire, args=(task,), name=task, daemon=True).start()
        for _ in range(2):
            assert self.demand.polls[task].acquire(timeout=HANGS_AFTER_S)

    def wait_for(self, task: str) -> bool:
        return self._done[task].wait(HANGS_AFTER_S)

    def _acquire(self, task: str) -> None:
        try:
            self.slots.acquire(task)
            self.results.append(task)
        except SlotUnavailable as error:
            self.results.append(str(error))
        self._done[task].set()
        self.demand.polls[task].release(2)


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the number of cores; two at first."""

    def set_cores(number: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(number)))

    set_cores(2)
    monkeypatch.setattr(slots, "POLL_S", 0.01)
    return set_cores


@pytest.mark.parametrize(
    ("number", "services", "slots"), [(1, 0, 1), (1, 3, 1), (2, 0, 2), (2, 1, 1), (8, 1, 7), (8, 8, 1), (8, 20, 1)]
)
def test_launched_tasks_get_the_cores_that_services_leave_and_at_least_one(
    cores: Callable[[int], None], number: int, services: int, slots: int
) -> None:
    cores(number)

    assert slot_count(services) == slots


def test_slots_are_given_in_the_order_of_run_task() -> None:
    demand = FakeDemand("a", "b", "c", services=1)
    slots = TaskSlots(demand)
    waiting = WaitingTasks(slots, demand)

    waiting.start("c")
    waiting.start("b")  # "a" has not started, but is still the first
    waiting.start("a")
    assert waiting.results == ["a"]
    slots.release("a")
    assert waiting.wait_for("b")
    assert waiting.results == ["a", "b"]
    slots.release("b")
    assert waiting.wait_for("c")

    assert waiting.results == ["a", "b", "c"]


def test_as_many_tasks_run_at_the_same_time_as_there_are_slots() -> None:
    demand = FakeDemand("a", "b", "c")
    slots = TaskSlots(demand)
    waiting = WaitingTasks(slots, demand)

    waiting.start("b")  # with two slots, the second task need not wait for the first
    waiting.start("a")
    waiting.start("c")
    assert waiting.results == ["b", "a"]
    slots.release("a")

    assert waiting.wait_for("c")


def test_a_task_that_is_stopped_while_it_waits_gets_no_slot_and_does_not_block_the_next() -> None:
    demand = FakeDemand("a", "b", "c", services=1)
    slots = TaskSlots(demand)
    waiting = WaitingTasks(slots, demand)
    slots.acquire("a")
    for task in ("b", "c"):
        waiting.start(task)

    demand.tasks.remove("b")
    assert waiting.wait_for("b")
    slots.release("a")

    assert waiting.wait_for("c")
    assert waiting.results == ["b was stopped while it waited for a slot", "c"]


def test_a_new_service_task_takes_its_core_before_a_launched_task() -> None:
    demand = FakeDemand("a", "b")
    slots = TaskSlots(demand)
    waiting = WaitingTasks(slots, demand)
    slots.acquire("a")

    demand.services = 1
    waiting.start("b")
    assert waiting.results == []
    slots.release("a")

    assert waiting.wait_for("b")


def test_waiting_tasks_get_no_slot_when_the_cloud_stops() -> None:
    demand = FakeDemand("a", "b", services=1)
    slots = TaskSlots(demand)
    waiting = WaitingTasks(slots, demand)
    slots.acquire("a")
    waiting.start("b")

    slots.close()

    assert waiting.wait_for("b")
    assert waiting.results == ["the local cloud is stopping"]


def test_a_program_that_cannot_be_started_releases_its_slot(tmp_path: Path) -> None:
    demand = FakeDemand("task/a", "task/b", services=1)
    slots = TaskSlots(demand)
    processes = TaskProcesses(
        commands={"image": (sys.executable, "-c", "")},
        working_dir=tmp_path / "missing",
        state_dir=tmp_path,
        endpoint="http://127.0.0.1:9",
        read_details=lambda _: TaskDetails(group="", stop_grace_s=1, credentials={}),
        open_slots=lambda _: slots,
    )

    with pytest.raises(FileNotFoundError):
        processes.run(
            "image", environment={}, labels={TASK_ARN: "task/a", "com.amazonaws.ecs.task-definition-family": "f"}
        )

    waiting = WaitingTasks(slots, demand)
    waiting.start("task/b")
    assert waiting.results == ["task/b"]


def test_each_family_has_slots_of_its_own(tmp_path: Path) -> None:
    opened: list[str] = []

    def open_slots(family: str) -> TaskSlots:
        opened.append(family)
        return TaskSlots(FakeDemand(f"task/{family}", services=1))

    processes = TaskProcesses(
        commands={"image": (sys.executable, "-c", "import signal; signal.pause()")},
        working_dir=tmp_path,
        state_dir=tmp_path,
        endpoint="http://127.0.0.1:9",
        read_details=lambda _: TaskDetails(group="", stop_grace_s=1, credentials={}),
        open_slots=open_slots,
    )

    # With one slot for all families, the second task would never start.
    for family in ("draw", "enlarge"):
        labels = {TASK_ARN: f"task/{family}", "com.amazonaws.ecs.task-definition-family": family}
        processes.run("image", environment={}, labels=labels)

    assert opened == ["draw", "enlarge"]
    processes.stop_all()
