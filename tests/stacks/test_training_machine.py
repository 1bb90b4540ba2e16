"""The definition of `train-model` is valid, limits every wait, retries no error of the data, and always settles."""

from pathlib import Path
from typing import Any

import pytest

from cdk_app.stages.values import DEV
from craftspark.errors import Retry, members
from craftspark.errors.raised import TRAINING_STEPS, TRAINING_TASK
from tests.stacks.synthesis import Synthesis
from tests.stacks.test_state_machine import (
    before,
    catches,
    check_definition,
    is_retried,
    only_named_errors_are_retried,
    path_through,
    where_to,
)

LAUNCHES = ("Check the data", "Train on spot", "Train on demand")
SETTLING = ("Promote the version", "Roll the canary back", "Record the rejection", "Record the failure")


def test_definition_is_valid_amazon_states_language(synthesis: Synthesis, tmp_path: Path) -> None:
    check_definition(synthesis.training_machine, tmp_path / "train-model.json")


def test_states_tell_the_story_of_a_training(dev: Synthesis) -> None:
    assert path_through(dev.training_machine)[:2] == ["Check the data", "Train on spot"]
    assert set(dev.training_machine["States"]) == {
        *LAUNCHES,
        *SETTLING,
        "Did it learn?",
        "Note that it learned nothing",
        "Wait for approval",
        "Was it approved?",
        "Register the version",
        "Let the canary draw",
        "Judge the canary",
        "May the canary stay?",
        "Announce the result",
        "Did the training fail?",
        "Training ended",
        "Training failed",
    }


def test_every_task_is_bounded_and_the_execution_outlasts_them(synthesis: Synthesis) -> None:
    machine = synthesis.training_machine
    tasks = {name: state for name, state in machine["States"].items() if state["Type"] == "Task"}

    for state in tasks.values():
        assert state["TimeoutSeconds"] < machine["TimeoutSeconds"]
    for name in LAUNCHES:
        assert tasks[name]["HeartbeatSeconds"] < tasks[name]["TimeoutSeconds"]
    assert machine["TimeoutSeconds"] <= 365 * 24 * 3600


def test_a_person_has_days_and_no_more(dev: Synthesis) -> None:
    wait = dev.training_machine["States"]["Wait for approval"]

    assert wait["TimeoutSeconds"] == DEV.training.approval_days * 24 * 3600
    assert wait["Resource"].endswith(".waitForTaskToken")
    assert catches(wait) == {"States.Timeout": "Record the rejection", "States.ALL": "Record the failure"}
    assert wait["Catch"][0]["Output"] == {"error": "ApprovalExpired"}


def test_interruption_is_retried_at_once_and_boundedly(dev: Synthesis) -> None:
    for name in LAUNCHES:
        interruption = dev.training_machine["States"][name]["Retry"][0]
        assert interruption["ErrorEquals"] == ["SpotInterrupted", "WorkerLost"]
        assert (interruption["IntervalSeconds"], interruption["BackoffRate"]) == (1, 1)
        assert 1 <= interruption["MaxAttempts"] <= 10


def test_what_spot_cannot_do_on_demand_does(dev: Synthesis) -> None:
    states = dev.training_machine["States"]

    for name in ("Check the data", "Train on spot"):
        assert catches(states[name])["States.ALL"] == "Train on demand"
    assert catches(states["Train on demand"]) == {"States.ALL": "Record the failure"}


def test_each_error_of_a_training_leads_where_its_retry_class_says(dev: Synthesis) -> None:
    for name in ("Check the data", "Train on spot"):
        state = dev.training_machine["States"][name]
        for kind in members(*TRAINING_TASK):
            leads_to = "Record the failure" if kind.retry is Retry.NEVER else "Train on demand"
            assert where_to(state, kind.__name__) == leads_to, kind
            assert is_retried(state, kind.__name__) == (kind.retry is Retry.AT_ONCE), kind


def test_each_error_of_a_step_is_retried_as_its_retry_class_says(dev: Synthesis) -> None:
    steps = ("Wait for approval", "Register the version", "Judge the canary", *SETTLING)
    for name in steps:
        for kind in members(*TRAINING_STEPS):
            in_turn = kind.retry is Retry.IN_TURN and name == "Register the version"
            retried = is_retried(dev.training_machine["States"][name], kind.__name__)
            assert retried == (kind.retry is Retry.LATER or in_turn), (name, kind)


def test_only_named_transient_errors_are_retried(synthesis: Synthesis) -> None:
    only_named_errors_are_retried(synthesis.training_machine["States"], TRAINING_TASK)


def test_nothing_is_shown_that_learned_nothing_and_nothing_registered_unapproved(dev: Synthesis) -> None:
    states = dev.training_machine["States"]

    assert before("Wait for approval", states) == {"Did it learn?"}
    assert before("Register the version", states) == {"Was it approved?"}
    assert before("Promote the version", states) == {"May the canary stay?"}


def test_every_way_leads_through_settle(dev: Synthesis) -> None:
    states = dev.training_machine["States"]

    for name in ("Training ended", "Training failed"):
        assert before(name, states) == {"Did the training fail?"}
    assert before("Did the training fail?", states) == {"Announce the result"}
    assert before("Announce the result", states) == set(SETTLING)
    for name in SETTLING:
        assert states[name]["Arguments"]["FunctionName"] == states["Record the failure"]["Arguments"]["FunctionName"]
    for name, state in states.items():
        if state["Type"] == "Task" and name not in ("Record the failure", "Record the rejection"):
            assert catches(state)["States.ALL"], name


@pytest.mark.parametrize("command", [("Check the data", "check-data"), ("Train on spot", "train-style")])
def test_tasks_are_told_what_to_do_and_whom_to_answer(dev: Synthesis, command: tuple[str, str]) -> None:
    (override,) = dev.training_machine["States"][command[0]]["Arguments"]["Overrides"]["ContainerOverrides"]

    assert override["Command"] == [command[1]]
    assert override["Environment"] == [
        {"Name": "CRAFTSPARK_TASK_TOKEN", "Value": "{% $states.context.Task.Token %}"},
        {"Name": "CRAFTSPARK_TRAINING", "Value": "{% $string($states.context.Execution.Input) %}"},
    ]


def test_another_version_s_trial_is_waited_for_as_long_as_it_may_take(dev: Synthesis) -> None:
    states = dev.training_machine["States"]
    (running,) = [each for each in states["Register the version"]["Retry"] if each["ErrorEquals"] == ["CanaryRunning"]]

    assert running["IntervalSeconds"] * running["MaxAttempts"] > DEV.training.canary_s


def test_executions_that_ended_otherwise_are_settled(synthesis: Synthesis) -> None:
    (rule,) = ended_otherwise(synthesis)
    (target,) = rule["Targets"]

    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("SettleTrainingFunction")
    assert target["DeadLetterConfig"]
    assert target["InputTransformer"]["InputTemplate"] == (
        '{"training_id":<detail-name>,"outcome":"failed","error":"ExecutionEnded","cause":<detail-status>}'
    )


def ended_otherwise(synthesis: Synthesis) -> list[Any]:
    return [
        each["Properties"]
        for name, each in synthesis.of_type("AWS::Events::Rule").items()
        if name.startswith("Training/")
    ]
