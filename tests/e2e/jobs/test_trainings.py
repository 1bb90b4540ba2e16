"""A style from its pictures to its promotion, through the synthesized templates.

All tests except the first use the drill trainer, because a real training takes minutes on a CPU.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from craftspark.aws.items import to_plain_values
from local_cloud import trainings
from local_cloud.interruptions import interrupt
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import read_tasks
from local_cloud.trainings import TrainingError
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.waiting import HANGS_AFTER_S, eventually


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
        yield running


def a_dataset(folder: Path, *names: str, licence: str = "CC0-1.0") -> Path:
    """Upload five pictures with the given names."""
    folder.mkdir()
    for number, name in enumerate((*names, "apple", "pear", "plum", "fig", "lime")[:5]):
        Image.new("RGBA", (32, 32), (number * 40, 90, 20, 255)).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(name)
    if licence:
        (folder / "LICENCE").write_text(licence)
    return folder


def start_training(cloud: LocalCloud, folder: Path, style: str | None = None, version: str = "v1") -> str:
    style = style or f"s{uuid.uuid4().hex[:8]}"
    return trainings.start(cloud, style=style, version=version, folder=folder, who="an engineer", steps=4)


def in_state(cloud: LocalCloud, training_id: str, *states: str, within_s: float = HANGS_AFTER_S) -> dict[str, str]:
    def look() -> dict[str, str] | None:
        training = trainings.read(cloud, training_id)
        if training["state"] in states:
            return training
        assert "finished_at" not in training, training  # it is final
        return None

    training = eventually(look, within_s=within_s)
    assert training
    return training


def entered_states(cloud: LocalCloud, training_id: str) -> list[str]:
    """The states that the training's execution entered."""
    arn = cloud.outputs["TrainingStateMachineArn"].replace(":stateMachine:", ":execution:") + f":{training_id}"
    events = cloud.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def has_object(cloud: LocalCloud, bucket: str, key: str) -> bool:
    return bool(cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"])


def style_of(cloud: LocalCloud, style: str) -> dict[str, Any]:
    key = {"style": {"S": style}, "item": {"S": "release"}}
    item = cloud.client("dynamodb").get_item(TableName=cloud.outputs["StylesTableName"], Key=key).get("Item", {})
    return to_plain_values(item)


def end_the_trial(cloud: LocalCloud, style: str) -> None:
    """End the time of the canary in the table, because a trial lasts longer than these tests."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.outputs["StylesTableName"],
        Key={"style": {"S": style}, "item": {"S": "release"}},
        UpdateExpression="SET canary_until = :past",
        ConditionExpression="attribute_exists(canary)",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


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


def on_trial(cloud: LocalCloud, folder: Path, style: str) -> str:
    training_id = start_training(cloud, a_dataset(folder), style=style)
    in_state(cloud, training_id, "awaits_approval")
    trainings.decide(cloud, training_id, "approve", who="ann", why="for a trial")
    in_state(cloud, training_id, "canary")
    return training_id


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


def command(cloud: LocalCloud, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "local_cloud", name, *words, "--state-dir", str(cloud.state.path)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
