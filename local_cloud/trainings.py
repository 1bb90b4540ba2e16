"""Trainings of the local cloud, begun and decided as an operator does it on AWS."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from local_cloud.running.cloud import LocalCloud

COLUMNS = ("training_id", "state", "step", "created_at", "loss", "without", "decided", "error", "grid")


class Refused(Exception):
    """The cloud refused a request by name; the message is `<error>: <detail>`."""


def train(
    cloud: LocalCloud, *, style: str, version: str, folder: Path, who: str, steps: int | None = None, seed: int = 0
) -> str:
    """Upload a folder of pictures and begin a training on it; answers its id. Raises Refused."""
    bucket, prefix = cloud.outputs["TrainingBucketName"], f"datasets/{style}/{version}"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise Refused(f"DatasetBroken: {folder} is not a folder with files")
    for path in files:
        cloud.client("s3").upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder).as_posix()}")
    request = {"style": style, "version": version, "dataset": f"s3://{bucket}/{prefix}", "who": who, "seed": seed}
    if steps is not None:
        request["steps"] = steps
    return str(_invoke(cloud, "StartTrainingFunctionName", request)["training_id"])


def decide(cloud: LocalCloud, training_id: str, decision: str, *, who: str, why: str) -> None:
    """Approve or reject, as `decide_training` takes it; raises Refused."""
    request = {"training_id": training_id, "decision": decision, "who": who, "why": why}
    _invoke(cloud, "DecideTrainingFunctionName", request)


def roll_back(cloud: LocalCloud, style: str, version: str | None, *, who: str, why: str) -> dict[str, Any]:
    """Make an earlier version of a style the stable one, as `rollback_style` takes it; raises Refused."""
    request = {"style": style, "who": who, "why": why, **({"version": version} if version else {})}
    return _invoke(cloud, "RollbackStyleFunctionName", request)


def read(cloud: LocalCloud, training_id: str) -> dict[str, str]:
    """The training's item as plain strings; raises Refused."""
    key = {"training_id": {"S": training_id}, "item": {"S": "training"}}
    answer = cloud.client("dynamodb").get_item(
        TableName=cloud.outputs["TrainingsTableName"], Key=key, ConsistentRead=True
    )
    if "Item" not in answer:
        raise Refused(f"TrainingNotFound: there is no training {training_id}")
    return {name: value["S"] for name, value in answer["Item"].items()}


def listed(cloud: LocalCloud) -> list[dict[str, str]]:
    """Every training that has an execution, the latest first, each with its `step`."""
    pages = cloud.client("stepfunctions").get_paginator("list_executions")
    machine = cloud.outputs["TrainingStateMachineArn"]
    return [
        {**read(cloud, execution["name"]), "step": step_of(cloud, execution["name"])}
        for page in pages.paginate(stateMachineArn=machine)
        for execution in page["executions"]
    ]


def step_of(cloud: LocalCloud, training_id: str) -> str:
    """How far a training is, as `STEP of STEPS`; empty before its first step."""
    s3, key = cloud.client("s3"), f"runs/{training_id}/progress.json"
    try:
        told = json.loads(s3.get_object(Bucket=cloud.outputs["TrainingBucketName"], Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return ""
    return f"{told['step']} of {told['steps']}"


def trainings_table(trainings: Iterable[Mapping[str, str]]) -> Table:
    table = Table(title="Trainings", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for training in trainings:
        figures = json.loads(training.get("figures", "{}"))
        decided = json.loads(training.get("decided", "{}"))
        table.add_row(
            training["training_id"],
            training["state"],
            training["step"],
            training["created_at"],
            _rounded(figures.get("loss")),
            _rounded(figures.get("loss_without")),
            f"{decided['decision']} by {decided['who']}: {decided['why']}" if decided else "",
            ": ".join(filter(None, (training.get("error"), training.get("cause")))),
            training.get("grid", ""),
        )
    return table


def _rounded(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4f}"


def _invoke(cloud: LocalCloud, output: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs[output], Payload=json.dumps(payload))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise Refused(f"{told['errorType']}: {told['errorMessage']}")
    return told
