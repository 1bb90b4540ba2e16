"""A style from its pictures to its promotion, through the synthesized templates. Meanwhile, a job that nobody takes.

All tests except the first use the drill trainer, because a real training takes minutes on a CPU.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud import trainings
from local_cloud.interruptions import interrupt
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import read_tasks
from local_cloud.trainings import TrainingError
from tests.e2e.front_end import HTTP, FrontEnd, states_entered
from tests.e2e.jobs.training_steps import (
    a_dataset,
    command,
    end_the_trial,
    entered_states,
    has_object,
    in_state,
    on_trial,
    start_training,
    style_of,
)
from tests.e2e.jobs.warm_pool import start_workers, waiting
from tests.e2e.waiting import eventually


@pytest.fixture(scope="module")
def drill(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    commands = {
        "craftspark-gpu:local": (
            sys.executable,
            "-m",
            "tests.e2e.jobs.drill_trainer",
            str(tmp_path_factory.mktemp("deaths")),
        )
    }
    with LocalCloud.run(tmp_path_factory.mktemp("trainings"), port=0, commands=commands, assembly=assembly) as running:
        running.stop_controller()  # which could stop a worker that it does not need
        yield running


@pytest.fixture(scope="module")
def untaken(drill: LocalCloud) -> tuple[FrontEnd, str]:
    """A job whose message is deleted, so that no warm worker takes it. Its timeout runs during the other tests.

    It kills the worker that is launched for it, once.
    """
    front_end = FrontEnd(drill, drill.sign_in("untaken@craftspark.example"))
    start_workers(drill, 0)
    job_id = front_end.accepted("die", count=4)
    eventually(lambda: waiting(drill, "GpuDrawInteractiveQueueUrl") == (1, 0))
    sqs, queue = drill.client("sqs"), drill.outputs["GpuDrawInteractiveQueueUrl"]
    message = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    start_workers(drill, 1)
    return front_end, job_id


@pytest.fixture(autouse=True)
def begin_to_wait(request: pytest.FixtureRequest) -> None:
    """Let that job wait from the first test of the drill on. The test of the other cloud starts no drill."""
    if "drill" in request.fixturenames:
        request.getfixturevalue("untaken")


def test_a_style_is_trained_for_real_and_draws(cloud: LocalCloud, tmp_path: Path) -> None:
    front_end = FrontEnd(cloud, cloud.sign_in("styled@craftspark.example"))
    training_id = trainings.start(
        cloud, style="real", version="v1", folder=a_dataset(tmp_path / "data"), who="an engineer", steps=8
    )
    figures = json.loads(in_state(cloud, training_id, "awaits_approval", within_s=900)["figures"])
    trainings.decide(cloud, training_id, "approve", who="ann", why="it draws")
    in_state(cloud, training_id, "canary")

    plain, styled = (front_end.ended(front_end.accepted(count=1, seed=7, **style)) for style in ({}, {"style": "real"}))

    assert figures["loss"] < figures["loss_without"]
    assert plain["state"] == styled["state"] == "succeeded"
    drawn = [HTTP.get(job["images"][0]["url"]).content for job in (plain, styled)]
    assert drawn[0] != drawn[1]
    end_the_trial(cloud, "real")  # whose execution would continue during other tests of this cloud
    in_state(cloud, training_id, "promoted")


def test_a_person_approves_and_the_version_is_tried_and_promoted(drill: LocalCloud, tmp_path: Path) -> None:
    training_id = start_training(drill, a_dataset(tmp_path / "data"), style="sunny")
    waiting = in_state(drill, training_id, "awaits_approval")

    trainings.decide(drill, training_id, "approve", who="ann", why="clean lines")
    canary = in_state(drill, training_id, "canary")
    released = style_of(drill, "sunny")
    trainings.decide(drill, training_id, "approve", who="ann", why="clean lines")
    with pytest.raises(TrainingError, match="AlreadyDecided"):
        trainings.decide(drill, training_id, "reject", who="bob", why="no")

    assert json.loads(waiting["figures"])["loss"] == 0.5
    assert waiting["grid"] == f"s3://{drill.outputs['TrainingBucketName']}/runs/sunny.v1/before-after.png"
    assert canary["adapter"] == f"s3://{drill.outputs['ModelsBucketName']}/styles/sunny/v1"
    assert (released["canary"], released["trial"]) == ("v1", training_id)
    # Nobody uses the style. At the end of its time, the approval decides.
    end_the_trial(drill, "sunny")
    in_state(drill, training_id, "promoted")
    assert style_of(drill, "sunny") == {
        "style": "sunny",
        "item": "release",
        "model": "craftspark-clipart-128",
        "stable": "v1",
        "earlier": [],
    }
    eventually(lambda: entered_states(drill, training_id)[-1] == "Training ended")
    states = list(dict.fromkeys(entered_states(drill, training_id)))
    assert states == [
        "Check the data",
        "Train on spot",
        "Did it learn?",
        "Wait for approval",
        "Was it approved?",
        "Register the version",
        "Let the canary draw",
        "Judge the canary",
        "May the canary stay?",
        "Promote the version",
        "Announce the result",
        "Did the training fail?",
        "Training ended",
    ]


def test_a_rejected_version_is_not_registered(drill: LocalCloud, tmp_path: Path) -> None:
    training_id = start_training(drill, a_dataset(tmp_path / "data"), style="gloomy")
    in_state(drill, training_id, "awaits_approval")

    trainings.decide(drill, training_id, "reject", who="ann", why="smudged")

    training = in_state(drill, training_id, "rejected")
    assert json.loads(training["decided"])["why"] == "smudged"
    assert style_of(drill, "gloomy") == {}
    eventually(lambda: entered_states(drill, training_id)[-1] == "Training ended")


def test_faults_of_the_data_are_told_before_any_training(drill: LocalCloud, tmp_path: Path) -> None:
    unlicensed = a_dataset(tmp_path / "unlicensed", licence="")
    broken = a_dataset(tmp_path / "broken")
    (broken / "1.png").write_bytes(b"no picture")
    ids = [start_training(drill, unlicensed), start_training(drill, broken)]

    ended = [in_state(drill, training_id, "failed") for training_id in ids]

    assert [training["error"] for training in ended] == ["LicenceMissing", "PictureBroken"]
    assert "1.png" in ended[1]["cause"]
    for training_id in ids:
        eventually(lambda: entered_states(drill, training_id)[-1] == "Training failed")  # noqa: B023
        assert "Train on spot" not in entered_states(drill, training_id)


def test_an_interrupted_training_goes_on_from_its_checkpoint(drill: LocalCloud, tmp_path: Path) -> None:
    training_id = start_training(drill, a_dataset(tmp_path / "data", "interrupted"))
    second = f"runs/{training_id}/checkpoints/00000002.safetensors"
    eventually(lambda: has_object(drill, drill.outputs["TrainingBucketName"], second))
    [task] = [task for task in read_tasks(drill) if task.pool == "trainer"]

    interrupt(drill, task.task)

    training = in_state(drill, training_id, "awaits_approval")

    assert json.loads(training["figures"])["resumed_from"] == 2
    assert entered_states(drill, training_id).count("Train on spot") == 1
    assert "Train on demand" not in entered_states(drill, training_id)
    trainings.decide(drill, training_id, "reject", who="ann", why="only a drill")


def test_a_version_that_learned_nothing_is_not_shown_to_anybody(drill: LocalCloud, tmp_path: Path) -> None:
    training_id = start_training(drill, a_dataset(tmp_path / "data", "poor"))

    training = in_state(drill, training_id, "failed")

    assert training["error"] == "QualityTooLow"
    assert "Wait for approval" not in entered_states(drill, training_id)


def test_an_execution_that_an_operator_stops_settles_its_training(drill: LocalCloud, tmp_path: Path) -> None:
    training_id = start_training(drill, a_dataset(tmp_path / "data"))
    in_state(drill, training_id, "awaits_approval")
    arn = drill.outputs["TrainingStateMachineArn"].replace(":stateMachine:", ":execution:") + f":{training_id}"

    drill.client("stepfunctions").stop_execution(executionArn=arn)

    training = in_state(drill, training_id, "failed")
    assert (training["error"], training["cause"]) == ("ExecutionEnded", "ABORTED")
    with pytest.raises(TrainingError, match="TrainingNotAwaiting"):
        trainings.decide(drill, training_id, "approve", who="ann", why="too late")


def test_the_same_request_is_the_same_training_and_another_is_refused(drill: LocalCloud, tmp_path: Path) -> None:
    data = a_dataset(tmp_path / "data", "poor")
    first = start_training(drill, data, style="twice")

    assert start_training(drill, data, style="twice") == first
    with pytest.raises(TrainingError, match="VersionTaken"):
        trainings.start(drill, style="twice", version="v1", folder=data, who="an engineer", steps=5)
    in_state(drill, first, "failed")


def test_a_canary_that_draws_its_jobs_is_promoted_as_soon_as_there_are_enough(
    drill: LocalCloud, tmp_path: Path
) -> None:
    front_end = FrontEnd(drill, drill.sign_in("trial@craftspark.example"))
    training_id = on_trial(drill, tmp_path / "data", "breezy")

    jobs = [front_end.ended(front_end.accepted(style="breezy", count=1)) for _ in range(2)]

    assert [job["state"] for job in jobs] == ["succeeded"] * 2
    assert in_state(drill, training_id, "promoted")["cause"] == "2 jobs settled, 0 of 2 images failed"


def test_a_canary_whose_images_fail_is_rolled_back(drill: LocalCloud, tmp_path: Path) -> None:
    front_end = FrontEnd(drill, drill.sign_in("trial@craftspark.example"))
    training_id = on_trial(drill, tmp_path / "data", "stormy")

    jobs = [front_end.accepted("break", style="stormy", count=1) for _ in range(2)]
    ended = [front_end.ended(job_id) for job_id in jobs]

    assert [job["state"] for job in ended] == ["failed"] * 2
    training = in_state(drill, training_id, "rolled_back")
    assert (training["error"], training["cause"][:22]) == ("CanaryFailed", "2 of 2 images failed, ")
    assert {"stable", "canary"} & set(style_of(drill, "stormy")) == set()

    def refused() -> bool:
        """Submissions cache a release for up to ten seconds."""
        return front_end.submit("a red apple", style="stormy", count=1).status_code == 422

    eventually(refused)


def test_an_operator_rolls_back_a_promoted_version(drill: LocalCloud, tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        training_id = start_training(drill, a_dataset(tmp_path / version), style="misty", version=version)
        in_state(drill, training_id, "awaits_approval")
        trainings.decide(drill, training_id, "approve", who="ann", why="clean lines")
        in_state(drill, training_id, "canary")
        end_the_trial(drill, "misty")
        in_state(drill, training_id, "promoted")

    told = command(drill, "rollback", "misty", "--who", "ann", "--why", "smudged")
    first = command(drill, "rollback", "misty", "--who", "ann", "--why", "smudged")

    assert "the stable version is now v1 (was v2)" in told.stdout
    assert style_of(drill, "misty")["stable"] == "v1"
    assert (first.returncode, first.stderr[:12]) == (1, "InvalidInput")


def test_an_operator_starts_rejects_and_lists_trainings_from_the_command_line(
    drill: LocalCloud, tmp_path: Path
) -> None:
    folder = str(a_dataset(tmp_path / "data"))
    begun_by_hand = command(drill, "train", "handmade", folder, "--version", "v1", "--who", "ann", "--steps", "4")
    in_state(drill, "handmade.v1", "awaits_approval")

    rejected = command(drill, "approve", "handmade.v1", "--reject", "--who", "bob", "--why", "smudged")
    in_state(drill, "handmade.v1", "rejected")
    changed = command(drill, "approve", "handmade.v1", "--why", "after all")

    assert "Training handmade.v1 started" in begun_by_hand.stdout
    assert rejected.returncode == 0
    assert (changed.returncode, changed.stderr[:14]) == (1, "AlreadyDecided")
    assert "reject by bob" in " ".join(command(drill, "trainings").stdout.split())


def test_a_batch_that_no_worker_takes_in_time_is_launched_on_demand_and_again_if_that_worker_is_killed(
    drill: LocalCloud, untaken: tuple[FrontEnd, str]
) -> None:
    front_end, job_id = untaken

    job = front_end.ended(job_id)

    entered = states_entered(drill, job_id)
    assert entered.index("Hand to the draw pool") < entered.index("Launch for the draw pool on demand")
    assert (job["state"], front_end.balance()) == ("succeeded", (4, 0, 4))
    details = [event.get("taskFailedEventDetails", {}) for event in drill.execution_history(job_id)]
    assert "WorkerLost" in {each.get("error") for each in details}
