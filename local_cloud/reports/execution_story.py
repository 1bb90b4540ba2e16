"""An execution's history, as GetExecutionHistory answers it here and on AWS, read as the story of its states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Event = Mapping[str, Any]

FAILURES = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "LambdaFunctionFailed")


class NoSuchExecution(Exception):
    """No execution has this name."""


@dataclass
class Visit:
    """One visit to a state. `iteration` is the Map iteration it belongs to, `attempts` counts a task's calls."""

    state: str
    kind: str
    iteration: int | None
    entered: datetime
    exited: datetime | None = None
    attempts: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def lasted(self) -> timedelta | None:
        return None if self.exited is None else self.exited - self.entered

    @property
    def retries(self) -> int:
        return max(0, self.attempts - 1)


@dataclass(frozen=True)
class Story:
    """The visits in the order they began. `transitions` is what Standard executions are billed for: every state
    that was entered, and every retry."""

    visits: list[Visit]
    transitions: int


def read_story(events: Iterable[Event]) -> Story:
    """Follow each event to its predecessor, and so to the visit and the Map iteration it belongs to."""
    visits: list[Visit] = []
    visit_of: dict[int, Visit | None] = {}
    iteration_of: dict[int, int | None] = {}
    for event in events:
        number, before = event["id"], event.get("previousEventId", 0)
        visit, iteration = visit_of.get(before), iteration_of.get(before)
        kind = event["type"]
        if kind == "MapIterationStarted":
            visit, iteration = None, event["mapIterationStartedEventDetails"]["index"]
        elif kind.endswith("StateEntered"):
            visit = Visit(
                event["stateEnteredEventDetails"]["name"],
                kind.removesuffix("StateEntered"),
                iteration,
                event["timestamp"],
            )
            visits.append(visit)
        elif kind.endswith("StateExited"):
            visit = _open_visit(visits, event["stateExitedEventDetails"]["name"], visit, iteration)
            if visit is not None:
                visit.exited = event["timestamp"]
                iteration = visit.iteration
        elif kind == "TaskScheduled" and visit is not None:
            visit.attempts += 1
        elif kind in FAILURES and visit is not None:
            visit.errors.append(_error(event))
        elif kind.startswith("Execution") and kind != "ExecutionStarted":
            _close(visits, event["timestamp"])
        visit_of[number], iteration_of[number] = visit, iteration
    return Story(visits, transitions=len(visits) + sum(visit.retries for visit in visits))


def _open_visit(visits: list[Visit], name: str, current: Visit | None, iteration: int | None) -> Visit | None:
    """The visit that a StateExited event ends: after a Map, the events before it are those of an iteration."""
    if current is not None and current.state == name:
        return current
    candidates = [visit for visit in visits if visit.state == name and visit.exited is None]
    return next((visit for visit in candidates if visit.iteration in (iteration, None)), None)


def _close(visits: list[Visit], ended: datetime) -> None:
    for visit in visits:
        visit.exited = visit.exited or ended


def _error(event: Event) -> str:
    details: Mapping[str, Any] = next((event[key] for key in event if key.endswith("EventDetails")), {})
    return str(details.get("error", event["type"]))
