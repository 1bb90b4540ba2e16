"""The timeline of an execution, read from its history."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local_cloud.reports.execution_timeline import read_timeline

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def a_history(*steps: tuple[str, int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events one second apart, from the type, predecessor and details of each."""
    return [
        {
            **details,
            "id": at,
            "type": event_type,
            "previousEventId": previous,
            "timestamp": STARTED + timedelta(seconds=at),
        }
        for at, (event_type, previous, details) in enumerate(steps, start=1)
    ]


def entered(name: str) -> dict[str, Any]:
    return {"stateEnteredEventDetails": {"name": name}}


def exited(name: str) -> dict[str, Any]:
    return {"stateExitedEventDetails": {"name": name}}


def iteration(index: int) -> dict[str, Any]:
    return {"mapIterationStartedEventDetails": {"name": "Each", "index": index}}


def failed(error: str) -> dict[str, Any]:
    return {"taskFailedEventDetails": {"error": error}}


TWO_ITERATIONS = a_history(
    ("ExecutionStarted", 0, {}),
    ("MapStateEntered", 1, entered("Each")),
    ("MapStateStarted", 2, {}),
    ("MapIterationStarted", 3, iteration(0)),
    ("MapIterationStarted", 3, iteration(1)),
    ("TaskStateEntered", 5, entered("Render")),
    ("TaskStateEntered", 4, entered("Render")),
    ("TaskScheduled", 6, {}),
    ("TaskScheduled", 7, {}),
    ("TaskFailed", 8, failed("SpotInterrupted")),
    ("TaskScheduled", 10, {}),
    ("TaskSucceeded", 9, {}),
    ("TaskStateExited", 12, exited("Render")),
    ("TaskSucceeded", 11, {}),
    ("TaskStateExited", 14, exited("Render")),
    ("MapStateSucceeded", 15, {}),
    ("MapStateExited", 16, exited("Each")),
    ("PassStateEntered", 17, entered("Done")),
    ("PassStateExited", 18, exited("Done")),
    ("ExecutionSucceeded", 19, {}),
)


def test_each_visit_has_its_own_times_even_where_iterations_interleave() -> None:
    timeline = read_timeline(TWO_ITERATIONS)

    times = [
        (visit.state, visit.iteration, (visit.entered - STARTED).seconds, visit.duration and visit.duration.seconds)
        for visit in timeline.visits
    ]
    assert times == [("Each", None, 2, 15), ("Render", 1, 6, 9), ("Render", 0, 7, 6), ("Done", None, 18, 1)]


def test_retries_and_errors_belong_to_their_visit() -> None:
    timeline = read_timeline(TWO_ITERATIONS)

    assert [(v.iteration, v.retries, v.errors) for v in timeline.visits if v.state == "Render"] == [
        (1, 1, ["SpotInterrupted"]),
        (0, 0, []),
    ]


def test_a_retry_counts_as_a_transition() -> None:
    assert read_timeline(TWO_ITERATIONS).transitions == 5


def test_a_state_without_an_exit_event_is_still_running() -> None:
    timeline = read_timeline(TWO_ITERATIONS[:9])

    assert [visit.exited for visit in timeline.visits] == [None, None, None]


def test_an_aborted_execution_ends_its_open_visits() -> None:
    aborted = a_history(
        ("ExecutionStarted", 0, {}),
        ("TaskStateEntered", 1, entered("Render")),
        ("TaskScheduled", 2, {}),
        ("ExecutionAborted", 0, {}),
    )

    assert [visit.duration for visit in read_timeline(aborted).visits] == [timedelta(seconds=2)]
