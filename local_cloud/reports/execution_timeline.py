"""The timeline of an execution: its state visits, read from the events that GetExecutionHistory returns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Event = Mapping[str, Any]

FAILURES = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "LambdaFunctionFailed")


class NoSuchExecution(Exception):
    """No execution has this name."""


@dataclass
class StateVisit:
    """One visit to a state. `iteration` is the index of its Map iteration, `attempts` counts the calls of a task."""

    state: str
    iteration: int | None
    entered: datetime
    exited: datetime | None = None
    attempts: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def duration(self) -> timedelta | None:
        return None if self.exited is None else self.exited - self.entered

    @property
    def retries(self) -> int:
        return max(0, self.attempts - 1)


@dataclass(frozen=True)
class Timeline:
    """The visits in the order of their starts.

    `transitions` is the number of state transitions that a Standard execution is billed for: one for each state that
    it entered and one for each retry.
    """

    visits: list[StateVisit]
    transitions: int


def read_timeline(events: Iterable[Event]) -> Timeline:
    """Assign each event to the state visit and the Map iteration of its predecessor."""
    visits: list[StateVisit] = []
    visit_by_event: dict[int, StateVisit | None] = {}
    iteration_by_event: dict[int, int | None] = {}
    for event in events:
        event_id, previous_id = event["id"], event.get("previousEventId", 0)
        visit, iteration = visit_by_event.get(previous_id), iteration_by_event.get(previous_id)
        event_type = event["type"]
        if event_type == "MapIterationStarted":
            visit, iteration = None, event["mapIterationStartedEventDetails"]["index"]
        elif event_type.endswith("StateEntered"):
            visit = StateVisit(event["stateEnteredEventDetails"]["name"], iteration, event["timestamp"])
            visits.append(visit)
        elif event_type.endswith("StateExited"):
            visit = _find_open_visit(visits, event["stateExitedEventDetails"]["name"], visit, iteration)
            if visit is not None:
                visit.exited = event["timestamp"]
                iteration = visit.iteration
        elif event_type == "TaskScheduled" and visit is not None:
            visit.attempts += 1
        elif event_type in FAILURES and visit is not None:
            visit.errors.append(_error(event))
        elif event_type.startswith("Execution") and event_type != "ExecutionStarted":
            _close_visits(visits, event["timestamp"])
        visit_by_event[event_id], iteration_by_event[event_id] = visit, iteration
    return Timeline(visits, transitions=len(visits) + sum(visit.retries for visit in visits))


def _find_open_visit(
    visits: list[StateVisit], name: str, current: StateVisit | None, iteration: int | None
) -> StateVisit | None:
    """The visit that a StateExited event ends. The predecessor of a Map's exit is an event of one of its iterations."""
    if current is not None and current.state == name:
        return current
    candidates = [visit for visit in visits if visit.state == name and visit.exited is None]
    return next((visit for visit in candidates if visit.iteration in (iteration, None)), None)


def _close_visits(visits: list[StateVisit], ended: datetime) -> None:
    for visit in visits:
        visit.exited = visit.exited or ended


def _error(event: Event) -> str:
    details: Mapping[str, Any] = next((event[key] for key in event if key.endswith("EventDetails")), {})
    return str(details.get("error", event["type"]))
