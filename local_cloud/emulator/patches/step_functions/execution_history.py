"""The history of an execution has the events of every state in every Map iteration, linked to their predecessors.

A history has at most 25,000 events: the last one is the success or the failure of the execution. A Map runs at most 40
iterations at the same time.

Gap: states inside a Map have no events, and events do not name their predecessor. A task that timed out has the event
of a failed task. Events after the end of an execution are added to its history.
"""

import contextvars
import copy
import json
import threading
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

from local_cloud.emulator.patches.quota_counts import count_event
from local_cloud.emulator.patches.step_functions.state_payloads import check_size
from local_cloud.emulator.patching import Patch, Replacement, Target

# https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html
MAX_EVENTS = 25_000
TOO_MANY_EVENTS = f"The execution reached the maximum number of history events ({MAX_EVENTS})."
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
MAX_CONCURRENCY = 40
FINAL_EVENTS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
TIMEOUTS = ("States.Timeout", "States.HeartbeatTimeout")

# Each branch of an execution runs in its own context, so these variables belong to one branch.
_previous: contextvars.ContextVar[tuple[str, int]] = contextvars.ContextVar("previous event", default=("", 0))
_map_state: contextvars.ContextVar[str | None] = contextvars.ContextVar("map state", default=None)

_events_lock = threading.Lock()
_run_map_items = stepfunctions._run_map_items
_run_parallel_branches = stepfunctions._run_parallel_branches


def add_event(execution: dict[str, Any], event_type: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Append an event that names its predecessor, unless the execution has ended."""
    details = details or {}
    check_size(details)
    failure = details.get("taskFailedEventDetails", {})
    if event_type == "TaskFailed" and failure.get("error") in TIMEOUTS:
        event_type, details = "TaskTimedOut", {"taskTimedOutEventDetails": failure}
    arn, previous = _previous.get()
    if arn != execution["executionArn"]:
        previous = 1  # ExecutionStarted, written by StartExecution
    events: list[dict[str, Any]] = execution["events"]
    if len(events) >= MAX_EVENTS - 1 and event_type not in FINAL_EVENTS and execution["status"] == "RUNNING":
        raise stepfunctions._ExecutionError("States.Runtime", TOO_MANY_EVENTS)
    count_event(execution, events[previous - 1]["type"], event_type, details)
    with _events_lock:
        event = {"type": event_type, "timestamp": now_iso(), "previousEventId": previous, **details}
        if events[-1]["type"] not in FINAL_EVENTS:
            event["id"] = len(events) + 1
            events.append(event)
            _previous.set((execution["executionArn"], event["id"]))
    if event_type == "TaskScheduled":
        add_event(execution, "TaskStarted", {"taskStartedEventDetails": details["taskScheduledEventDetails"]})
    return event


def run_map_items(state: dict[str, Any], raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    """Run the iterations, with an event before the first and one after the last."""
    add_event(execution, "MapStateStarted")
    _map_state.set(ctx["State"]["Name"])
    try:
        result = _run_map_items(_bound(state, raw_input, ctx), raw_input, execution, ctx)
    except stepfunctions._ExecutionError:
        add_event(execution, "MapStateFailed")
        raise
    finally:
        _map_state.set(None)
    add_event(execution, "MapStateSucceeded")
    return result


def _bound(state: dict[str, Any], raw_input: Any, ctx: dict[str, Any]) -> dict[str, Any]:
    """The state with the number of iterations that run at the same time. A distributed Map has other limits."""
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
        return state
    asked = state.get("MaxConcurrency", 0)
    if isinstance(asked, str):
        asked = stepfunctions._jsonata_state_field(state, "MaxConcurrency", "number", raw_input, ctx)
    return state | {"MaxConcurrency": min(int(asked) or MAX_CONCURRENCY, MAX_CONCURRENCY)}


def run_parallel_branches(state: dict[str, Any], raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    _map_state.set(None)
    return _run_parallel_branches(state, raw_input, execution, ctx)


def run_sub_machine(
    states: dict[str, Any], start_at: str, raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]
) -> Any:
    """Run the states of a Map iteration or Parallel branch, and stop when the execution has ended."""
    iteration = _iteration(ctx)
    _map_state.set(None)
    if iteration is None:
        return _run_states(states, start_at, raw_input, execution, ctx)
    add_event(execution, "MapIterationStarted", {"mapIterationStartedEventDetails": iteration})
    try:
        result = _run_states(states, start_at, raw_input, execution, ctx)
    except stepfunctions._ExecutionError:
        add_event(execution, "MapIterationFailed", {"mapIterationFailedEventDetails": iteration})
        raise
    add_event(execution, "MapIterationSucceeded", {"mapIterationSucceededEventDetails": iteration})
    return result


def _iteration(ctx: dict[str, Any]) -> dict[str, Any] | None:
    name = _map_state.get()
    return None if name is None else {"name": name, "index": ctx["Map"]["Item"]["Index"]}


def _run_states(states: dict[str, Any], name: str | None, raw_input: Any, execution: dict[str, Any], ctx: Any) -> Any:
    data = copy.deepcopy(raw_input)
    while name:
        if execution["status"] != "RUNNING":
            raise stepfunctions._ExecutionError("States.TaskFailed", "the execution has ended")
        state = states[name]
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        entered = {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}}
        add_event(execution, f"{kind}StateEntered", entered)
        if kind == "Fail":
            raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, data, ctx))
        data, next_name = _run_state(kind, state, data, execution, ctx)
        exited = {"stateExitedEventDetails": {"name": name, "output": json.dumps(data)}}
        add_event(execution, f"{kind}StateExited", exited)
        name = next_name
    return data


def _run_state(
    kind: str, state: dict[str, Any], data: Any, execution: dict[str, Any], ctx: Any
) -> tuple[Any, str | None]:
    """The output of the state and the name of the next one."""
    if kind == "Succeed":
        data = stepfunctions._apply_input_path(state, data, ctx)
        return stepfunctions._apply_output_path(state, data, ctx), None
    execute = getattr(stepfunctions, f"_execute_{kind.lower()}")
    needs_execution = kind in ("Task", "Parallel", "Map")
    output, next_name = execute(state, data, execution, ctx) if needs_execution else execute(state, data, ctx)
    return output, next_name


PATCH = Patch(
    name="execution history",
    gap="the states inside a Map have no events",
    targets=(
        Replacement(stepfunctions, "_add_event", "b1db143ccd21809d3aa32e79439b7971", add_event),
        Replacement(stepfunctions, "_run_map_items", "5df19a8074ce768cd03c8245c3da4873", run_map_items),
        Replacement(stepfunctions, "_run_parallel_branches", "b8c7f69152976e05aeea7823a4c9fd9a", run_parallel_branches),
        Replacement(stepfunctions, "_run_sub_machine", "f8d844168b1459f8d2f13b3fb93ee6cb", run_sub_machine),
        Target(stepfunctions, "_execute_map", "18ad3965291213ada6d870a080c18a94"),
        Target(stepfunctions, "_execute_parallel", "2166e1f53e5fd48dbcfd4940826e5f42"),
        Target(stepfunctions, "_execute_choice", "468955fcd4a438d261fe7d65fe1e6b15"),
        Target(stepfunctions, "_execute_pass", "b1dff47048bcf8e1033cb21b8a67d924"),
        Target(stepfunctions, "_execute_wait", "a1012679c72d1b0862b8b6d48b3f9f1d"),
        Target(stepfunctions, "_fail_state_error", "98f66cfa4b717fe8deec1b92d1521868"),
    ),
)
