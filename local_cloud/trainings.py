"""Start trainings in the local cloud, decide on them and list them, as an operator does on AWS."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from local_cloud.launcher.cloud import LocalCloud

COLUMNS = ("training", "state", "step", "created", "loss", "base loss", "decision", "error", "grid")


class TrainingError(Exception):
    """A request about a training or a style failed. The message is `<error>: <detail>`."""


def start(
    cloud: LocalCloud, *, style: str, version: str, folder: Path, who: str, steps: int | None = None, seed: int = 0
) -> str:
    """Upload a folder of pictures and start a training on it; returns the training's ID. Raises TrainingError."""
    bucket, prefix = cloud.outputs["TrainingBucketName"], f"datasets/{style}/{version}"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise TrainingError(f"DatasetBroken: {folder} is not a folder with files")
    for path in files:
        cloud.client("s3").upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder).as_posix()}")
    request = {"style": style, "version": version, "dataset": f"s3://{bucket}/{prefix}", "who": who, "seed": seed}
    if steps is not None:
        request["steps"] = steps
    return str(_invoke(cloud, "StartTrainingFunctionName", request)["training_id"])


def decide(cloud: LocalCloud, training_id: str, decision: str, *, who: str, why: str) -> None:
    """Approve or reject a training through `decide_training`; raises TrainingError."""
    request = {"training_id": training_id, "decision": decision, "who": who, "why": why}
    _invoke(cloud, "DecideTrainingFunctionName", request)


def roll_back(cloud: LocalCloud, style: str, version: str | None, *, who: str, why: str) -> dict[str, Any]:
    """Make an earlier version of a style the stable one through `rollback_style`; raises TrainingError."""
    request = {"style": style, "who": who, "why": why, **({"version": version} if version else {})}
    return _invoke(cloud, "RollbackStyleFunctionName", request)


def read(cloud: LocalCloud, training_id: str) -> dict[str, str]:
    """The training's item as plain strings; raises TrainingError."""
    key = {"training_id": {"S": training_id}, "item": {"S": "training"}}
    response = cloud.client("dynamodb").get_item(
        TableName=cloud.outputs["TrainingsTableName"], Key=key, ConsistentRead=True
    )
    if "Item" not in response:
        raise TrainingError(f"TrainingNotFound: there is no training {training_id}")
    return {name: value["S"] for name, value in response["Item"].items()}


def list_all(cloud: LocalCloud) -> list[dict[str, str]]:
    """Every training that has an execution, newest first, each with its progress as `step`."""
    pages = cloud.client("stepfunctions").get_paginator("list_executions")
    machine = cloud.outputs["TrainingStateMachineArn"]
    return [
        {**read(cloud, execution["name"]), "step": read_progress(cloud, execution["name"])}
        for page in pages.paginate(stateMachineArn=machine)
        for execution in page["executions"]
    ]


def read_progress(cloud: LocalCloud, training_id: str) -> str:
    """The progress of a training as `STEP of STEPS`; empty before its first step."""
    s3, key = cloud.client("s3"), f"runs/{training_id}/progress.json"
    try:
        response = s3.get_object(Bucket=cloud.outputs["TrainingBucketName"], Key=key)
    except s3.exceptions.NoSuchKey:
        return ""
    progress = json.loads(response["Body"].read())
    return f"{progress['step']} of {progress['steps']}"


def trainings_table(trainings: Iterable[Mapping[str, str]]) -> Table:
    table = Table(title="Trainings", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for training in trainings:
        figures = json.loads(training.get("figures", "{}"))
        decision = json.loads(training.get("decided", "{}"))
        table.add_row(
            training["training_id"],
            training["state"],
            training["step"],
            training["created_at"],
            _format_loss(figures.get("loss")),
            _format_loss(figures.get("loss_without")),
            escape(f"{decision['decision']} by {decision['who']}: {decision['why']}") if decision else "",
            escape(": ".join(filter(None, (training.get("error"), training.get("cause"))))),
            training.get("grid", ""),
        )
    return table


def _format_loss(loss: float | None) -> str:
    return "" if loss is None else f"{loss:.4f}"


def _invoke(cloud: LocalCloud, output: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    response = cloud.client("lambda").invoke(FunctionName=cloud.outputs[output], Payload=json.dumps(payload))
    result: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise TrainingError(f"{result['errorType']}: {result['errorMessage']}")
    return result
