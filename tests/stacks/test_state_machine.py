"""The definition of the state machine is valid, has limited retries, and always settles the job."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonata import Jsonata  # type: ignore[import-untyped]

from cdk_app.stages.values import DEV
from cdk_app.stages.workflows import TRANSITIONS_PER_JOB
from craftspark.errors import Retry, members, names
from craftspark.errors.raised import RENDER_TASK, SETTLE_JOB, Raised
from tests.assemblies import NODE
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis

VALIDATOR = ROOT / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
HAND, BULK, DEMAND = "Hand to the draw pool", "Hand to the draw pool in bulk", "Launch for the draw pool on demand"
CALLBACKS = (HAND, BULK, DEMAND)
WAKE = "Wake the enlarge pool"  # the pool without warm tasks
ASK, MAY = "Ask for a task of the draw pool", "May the draw pool launch a task?"
NO_TASK = "Record that the draw pool had no task"
ALL_CALLBACKS = (*CALLBACKS, *(name.replace("draw", "enlarge") for name in CALLBACKS))


def check_definition(definition: Mapping[str, Any], path: Path) -> None:
    """Write the definition to the path, and run the validator of the Amazon States Language on it."""
    path.write_text(json.dumps(definition))

    command = [str(NODE), str(VALIDATOR), "--json-path", str(path)]
    verdict = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert definition["QueryLanguage"] == "JSONata"


def test_definition_is_valid_amazon_states_language(synthesis: Synthesis, tmp_path: Path) -> None:
    check_definition(synthesis.state_machine, tmp_path / "render-job.json")


def test_states_tell_the_story_of_a_job(dev: Synthesis) -> None:
    assert set(dev.state_machine["States"]) == {
        "Render every batch",
        "Settle the job",
        "Announce the result",
        "Did the job fail?",
        "Job delivered",
        "Job failed",
    }
    assert set(dev.batch_states) == {
        "Choose the pool",
        *ALL_CALLBACKS,
        WAKE,
        *(name.replace("draw", pool) for name in (ASK, MAY, NO_TASK) for pool in DEV.pools),
        "Record that the pool is gone",
        "Record the failure",
    }


def test_happy_path_of_one_batch_has_the_transitions_that_starts_are_bounded_by(dev: Synthesis) -> None:
    outer = path_through(dev.state_machine)

    assert outer == [
        "Render every batch",
        "Settle the job",
        "Announce the result",
        "Did the job fail?",
        "Job delivered",
    ]
    for lane in ("interactive", "bulk"):
        way = find_way(dev, pool="draw", lane=lane, queued=True)
        assert dev.batch_states[way]["End"]
        assert len([*outer, "Choose the pool", way]) == TRANSITIONS_PER_JOB


def test_every_task_is_bounded(synthesis: Synthesis) -> None:
    tasks = {name: state for name, state in all_states(synthesis).items() if state["Type"] == "Task"}

    assert len(tasks) == 2 + 4 * len(DEV.pools) + 1
    for state in tasks.values():
        assert state["TimeoutSeconds"] < synthesis.state_machine["TimeoutSeconds"]
    for name in ALL_CALLBACKS:
        assert tasks[name]["HeartbeatSeconds"] < tasks[name]["TimeoutSeconds"]


def test_heartbeats_allow_for_the_longest_wait_and_one_wave(dev: Synthesis) -> None:
    times = DEV.rendering

    assert dev.batch_states[HAND]["HeartbeatSeconds"] == times.interactive_wait_s + times.wave_s
    assert dev.batch_states[BULK]["HeartbeatSeconds"] == times.bulk_wait_s + times.wave_s
    assert dev.batch_states[DEMAND]["HeartbeatSeconds"] == times.launch_wait_s + times.wave_s
    assert dev.state_machine["TimeoutSeconds"] == times.job_deadline_s


def test_interruption_is_retried_at_once_and_boundedly(dev: Synthesis) -> None:
    for name in ALL_CALLBACKS:
        interruption = dev.batch_states[name]["Retry"][0]
        assert interruption["ErrorEquals"] == ["SpotInterrupted", "WorkerLost"]
        assert (interruption["IntervalSeconds"], interruption["BackoffRate"]) == (1, 1)
        assert 1 <= interruption["MaxAttempts"] <= 10


def test_faults_of_ecs_are_retried_by_all_names_that_step_functions_gives_them(dev: Synthesis) -> None:
    for faults in (
        "ECS.AmazonECSException",
        "ECS.ClientException",
        "ECS.SdkClientException",
        "Ecs.EcsException",
        "Ecs.SdkClientException",
    ):
        assert is_retried(dev.batch_states[DEMAND], faults)
        assert is_retried(dev.training_machine["States"]["Train on demand"], faults)


def test_an_announcement_is_sent_again_if_it_is_throttled(dev: Synthesis) -> None:
    assert is_retried(dev.state_machine["States"]["Announce the result"], "EventBridge.ThrottlingException")


def test_only_named_transient_errors_are_retried(synthesis: Synthesis) -> None:
    only_named_errors_are_retried(all_states(synthesis), RENDER_TASK)
    for state in all_states(synthesis).values():
        assert all(retrier["MaxAttempts"] <= 10 for retrier in state.get("Retry", []))


def test_each_error_of_a_batch_leads_where_its_retry_class_says(dev: Synthesis) -> None:
    for kind in members(*RENDER_TASK):
        for name in CALLBACKS:
            # A launch has nowhere else to go than to another instance.
            elsewhere = name == DEMAND and kind.retry is Retry.ELSEWHERE
            retried = is_retried(dev.batch_states[name], kind.__name__)
            assert retried == (kind.retry is Retry.AT_ONCE or elsewhere), kind
        # If the machine fails, a task of the pool returns its batch to the queue and does not answer it.
        in_pool = ASK if kind.retry is Retry.AT_ONCE else "Record the failure"
        for name in (HAND, BULK):
            assert where_to(dev.batch_states[name], kind.__name__) == in_pool, kind
        assert where_to(dev.batch_states[DEMAND], kind.__name__) == "Record the failure", kind


def test_each_error_of_settling_is_retried_as_its_retry_class_says(dev: Synthesis) -> None:
    settle = dev.state_machine["States"]["Settle the job"]

    for kind in members(*SETTLE_JOB):
        assert is_retried(settle, kind.__name__) == (kind.retry is Retry.LATER), kind


@pytest.mark.parametrize(
    ("pool", "lane", "queued", "way"),
    [
        ("draw", "interactive", True, HAND),
        ("draw", "interactive", False, HAND),  # the pool has warm tasks
        ("draw", "bulk", True, BULK),
        ("enlarge", "interactive", True, HAND.replace("draw", "enlarge")),  # a launched worker is awake
        ("enlarge", "bulk", True, BULK.replace("draw", "enlarge")),
        ("enlarge", "interactive", False, WAKE),
        ("enlarge", "bulk", False, BULK.replace("draw", "enlarge")),
        ("gone", "interactive", True, "Record that the pool is gone"),
    ],
)
def test_batch_goes_to_its_pool_by_its_lane_and_the_workers_that_are_awake(
    dev: Synthesis, pool: str, lane: str, queued: bool, way: str
) -> None:
    assert find_way(dev, pool=pool, lane=lane, queued=queued) == way


@pytest.mark.parametrize(("name", "pool", "wakes"), [(WAKE, "enlarge", True), (ASK, "draw", False)])
def test_a_batch_asks_before_it_launches_a_task_and_waits_if_nobody_answers(
    dev: Synthesis, name: str, pool: str, wakes: bool
) -> None:
    ask = dev.batch_states[name]

    assert "GrantLaunch" in json.dumps(ask["Arguments"]["FunctionName"])
    payload = ask["Arguments"]["Payload"]
    assert (payload["pool"], payload["wakes"]) == (pool, wakes)
    assert evaluate(payload["batch"], input={"job_id": "job-1", "batch": 2}) == "job-1/2"
    assert ask["Assign"] == {"granted": "{% $states.result.Payload.granted %}"}
    assert ask["Output"] == "{% $states.input %}"
    assert ask["Next"] == MAY.replace("draw", pool)
    [catch] = ask["Catch"]
    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], ask["Next"])
    assert (catch["Assign"], catch["Output"]) == ({"granted": False}, "{% $states.input %}")


@pytest.mark.parametrize(
    ("granted", "lane", "minutes", "way"),
    [
        (True, "interactive", 59, DEMAND),
        (True, "bulk", 59, DEMAND),
        (False, "interactive", 7, HAND),
        (False, "interactive", 52, HAND),
        (False, "interactive", 53, NO_TASK),  # another wait would end after the execution
        (False, "bulk", 26, BULK),
        (False, "bulk", 33, BULK),
        (False, "bulk", 34, NO_TASK),
    ],
)
def test_a_batch_that_may_not_launch_a_task_waits_in_the_queue_of_its_lane_while_there_is_time(
    dev: Synthesis, granted: bool, lane: str, minutes: int, way: str
) -> None:
    context = {
        "Execution": {"Input": {"lane": lane}, "StartTime": "2030-01-01T12:00:00.000Z"},
        "State": {"EnteredTime": f"2030-01-01T12:{minutes:02}:01.000Z"},
    }

    assert follow(dev.batch_states[MAY], granted=granted, states={"context": context}) == way


def test_a_batch_without_a_task_until_its_end_says_that_no_gpu_was_available(dev: Synthesis) -> None:
    given_up = dev.batch_states[NO_TASK]

    assert (given_up["Output"]["error"], given_up["Next"]) == ("GpuUnavailable", "Record the failure")
    assert set(given_up["Output"]) == {"batch", "images", "error", "cause"}


def test_job_of_a_pool_that_is_gone_fails_by_name(dev: Synthesis) -> None:
    gone = dev.batch_states["Record that the pool is gone"]

    assert (gone["Output"]["error"], gone["Next"]) == ("ModelUnavailable", "Record the failure")
    assert set(gone["Output"]) == {"batch", "images", "error", "cause"}


@pytest.mark.parametrize("name", [HAND, BULK])
def test_batch_that_nobody_takes_asks_for_a_task_of_its_own(dev: Synthesis, name: str) -> None:
    leads_to = catches(dev.batch_states[name])

    assert leads_to["States.HeartbeatTimeout"] == ASK
    assert leads_to["States.Timeout"] == ASK
    assert leads_to["SpotInterrupted"] == ASK
    assert leads_to["States.ALL"] == "Record the failure"


def test_a_launch_is_the_last_way_and_runs_on_demand(dev: Synthesis) -> None:
    assert catches(dev.batch_states[DEMAND]) == {"States.ALL": "Record the failure"}
    (strategy,) = dev.batch_states[DEMAND]["Arguments"]["CapacityProviderStrategy"]
    assert "OnDemand" in str(strategy["CapacityProvider"])


def test_each_lane_of_each_pool_has_its_queue(dev: Synthesis) -> None:
    hand_over = [name for name in ALL_CALLBACKS if name.startswith("Hand")]
    queues = {str(dev.batch_states[name]["Arguments"]["QueueUrl"]) for name in hand_over}

    assert len(queues) == len(hand_over) == 2 * len(DEV.pools)


def test_no_catch_loses_the_batch(dev: Synthesis) -> None:
    for name in (*ALL_CALLBACKS, WAKE, ASK):
        for catcher in dev.batch_states[name]["Catch"]:
            if catcher["Next"] == "Record the failure":
                assert set(catcher["Output"]) == {"batch", "images", "error", "cause"}
                assert catcher["Output"]["batch"] == "{% $states.input.batch %}"
                assert catcher["Output"]["images"] == "{% [$states.input.images.index] %}"
            else:
                assert catcher["Output"] == "{% $states.input %}"


def test_every_way_carries_the_callback_and_the_batch(dev: Synthesis) -> None:
    token = "{% $states.context.Task.Token %}"
    for name in (HAND, BULK):
        message = dev.batch_states[name]["Arguments"]
        assert message["MessageBody"] == {"task_token": token, "batch": "{% $states.input %}"}
        assert message["MessageGroupId"] == "{% $substring($states.input.maker, 0, 128) %}"
    (override,) = dev.batch_states[DEMAND]["Arguments"]["Overrides"]["ContainerOverrides"]
    assert override["Environment"] == [
        {"Name": "CRAFTSPARK_TASK_TOKEN", "Value": token},
        {"Name": "CRAFTSPARK_BATCH", "Value": "{% $string($states.input) %}"},
        {"Name": "CRAFTSPARK_REQUESTED_AT", "Value": "{% $states.context.State.EnteredTime %}"},
    ]


def test_every_way_leads_through_settle(dev: Synthesis) -> None:
    states = dev.state_machine["States"]

    assert states["Render every batch"]["Next"] == "Settle the job"
    assert catches(states["Render every batch"]) == {"States.ALL": "Settle the job"}
    for name in ("Job delivered", "Job failed"):
        assert before(name, states) == {"Did the job fail?"}
    assert before("Did the job fail?", states) == {"Announce the result"}
    assert before("Announce the result", states) == {"Settle the job"}


def test_an_announcement_that_fails_changes_nothing(dev: Synthesis) -> None:
    announce = dev.state_machine["States"]["Announce the result"]

    assert catches(announce) == {"States.ALL": announce["Next"]}
    assert announce["Output"] == announce["Catch"][0]["Output"] == "{% $states.input %}"


def test_executions_that_ended_otherwise_are_settled(synthesis: Synthesis) -> None:
    (rule,) = [
        each["Properties"]
        for name, each in synthesis.of_type("AWS::Events::Rule").items()
        if name.startswith("Rendering/")
        and "aws.states" in each["Properties"].get("EventPattern", {}).get("source", [])
    ]
    (target,) = rule["Targets"]

    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert rule["EventPattern"]["detail"]["stateMachineArn"][0]["Ref"].startswith("RenderJobMachine")
    assert target["Arn"]["Fn::GetAtt"][0].startswith("SettleJobFunction")
    assert target["DeadLetterConfig"]
    assert target["InputTransformer"] == {
        "InputPathsMap": {"detail-name": "$.detail.name", "detail-status": "$.detail.status"},
        "InputTemplate": '{"job_id":<detail-name>,"outcomes":[],"error":"ExecutionEnded","cause":<detail-status>}',
    }


def test_overdue_jobs_are_swept_and_lost_ones_sent_again_every_five_minutes(synthesis: Synthesis) -> None:
    every = [each for each in synthesis.properties("AWS::Events::Rule") if "ScheduleExpression" in each]

    rules = [each for each in every if each["ScheduleExpression"] == "rate(5 minutes)"]
    called = sorted(rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] for rule in rules)
    assert [name.partition("Function")[0] for name in called] == ["ResendLostJobs", "SweepOverdueJobs"]


def all_states(synthesis: Synthesis) -> dict[str, Any]:
    return {**synthesis.state_machine["States"], **synthesis.batch_states}


def find_way(synthesis: Synthesis, **order: object) -> str:
    """The state that "Choose the pool" leads to, for an order with these fields."""
    return follow(synthesis.batch_states["Choose the pool"], states={"context": {"Execution": {"Input": order}}})


def follow(choice: Mapping[str, Any], **variables: Any) -> str:
    """The state that a choice leads to, with these variables."""
    for rule in choice["Choices"]:
        condition = Jsonata(rule["Condition"].removeprefix("{% ").removesuffix(" %}"))
        for name, value in variables.items():
            condition.assign(name, value)
        if condition.evaluate(None) is True:
            return str(rule["Next"])
    return str(choice["Default"])


def evaluate(expression: str, **states: Any) -> Any:
    """The value of an expression."""
    jsonata = Jsonata(expression.removeprefix("{% ").removesuffix(" %}"))
    jsonata.assign("states", states)
    return jsonata.evaluate(None)


def path_through(machine: Mapping[str, Any]) -> list[str]:
    """The states from the start to the end, by each state's `Next` or `Default`."""
    path = [machine["StartAt"]]
    while following := machine["States"][path[-1]].get("Next") or machine["States"][path[-1]].get("Default"):
        path.append(following)
    return path


def only_named_errors_are_retried(states: Mapping[str, Any], raised: Raised) -> None:
    for state in states.values():
        for retrier in state.get("Retry", []):
            assert not {*names(raised, Retry.NEVER), "States.ALL", "States.TaskFailed"} & set(retrier["ErrorEquals"])


def is_retried(state: Mapping[str, Any], error: str) -> bool:
    return any(error in retrier["ErrorEquals"] for retrier in state["Retry"])


def where_to(state: Mapping[str, Any], error: str) -> str:
    """The state after an error whose retries have ended: that of the first catcher that matches."""
    takers = (each for each in state["Catch"] if {error, "States.ALL"} & set(each["ErrorEquals"]))
    return str(next(takers)["Next"])


def catches(state: Mapping[str, Any]) -> dict[str, str]:
    return {error: catcher["Next"] for catcher in state["Catch"] for error in catcher["ErrorEquals"]}


def before(name: str, states: Mapping[str, Any]) -> set[str]:
    """The states that can lead to this one."""
    return {earlier for earlier, state in states.items() if name in following(state)}


def following(state: Mapping[str, Any]) -> set[str]:
    ways = [state, *state.get("Catch", []), *state.get("Choices", [])]
    return {way[key] for way in ways for key in ("Next", "Default") if key in way}
