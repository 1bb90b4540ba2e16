"""What people do for a training, and what is seen of it."""

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from PIL import Image

from craftspark.aws.items import to_plain_values
from local_cloud import trainings
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.waiting import HANGS_AFTER_S, eventually


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


def on_trial(cloud: LocalCloud, folder: Path, style: str) -> str:
    training_id = start_training(cloud, a_dataset(folder), style=style)
    in_state(cloud, training_id, "awaits_approval")
    trainings.decide(cloud, training_id, "approve", who="ann", why="for a trial")
    in_state(cloud, training_id, "canary")
    return training_id


def command(cloud: LocalCloud, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "local_cloud", name, *words, "--state-dir", str(cloud.state.path)]
    return subprocess.run(line, capture_output=True, text=True, timeout=HANGS_AFTER_S, check=False)
