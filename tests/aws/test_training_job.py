"""The training task on moto: its downloads, its uploads and its answers."""

import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from craftspark.aws import clients
from craftspark.aws.folders import BucketFolder
from craftspark.errors import SpotInterrupted
from craftspark.errors.training import DatasetBroken, DatasetTooLarge, LossNotFinite
from craftspark.settings.tasks import TrainingLaunch
from gpu_tasks.training.dataset.dataset import Dataset
from gpu_tasks.training.dataset.remote import fetch, fetch_temporarily
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles import job
from gpu_tasks.training.styles.heartbeat import Heartbeat
from gpu_tasks.training.styles.inputs import Trainer, TrainingInputs, TrainingOutcome
from gpu_tasks.worker.lease import Lease
from tests.aws.conftest import client_of
from tests.aws.worker.gpu_worker import Tokens
from tests.fakes import TRAINER_SETTINGS

DATASET = "s3://training/datasets/sunny"
ORDER = {
    "training_id": "sunny.v1",
    "style": "sunny",
    "version": "v1",
    "model": "craftspark-clipart-128",
    "dataset": DATASET,
    "steps": 3,
    "seed": 0,
}


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    tokens = Tokens()
    monkeypatch.setattr(clients, "stepfunctions", lambda: tokens)
    return tokens


@pytest.fixture(autouse=True)
def buckets(aws: None) -> Iterator[None]:
    """A dataset of five pictures. The signal handlers are restored afterwards."""
    s3 = client_of("s3")
    for bucket in ("training", "models"):
        s3.create_bucket(Bucket=bucket)
    picture = io.BytesIO()
    Image.new("RGBA", (16, 16), (200, 30, 30, 255)).save(picture, format="png")
    for number in range(5):
        put(f"datasets/sunny/{number}.png", picture.getvalue())
        put(f"datasets/sunny/{number}.txt", b"apple")
    put("datasets/sunny/LICENCE", b"CC0-1.0")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def put(key: str, body: bytes) -> None:
    client_of("s3").put_object(Bucket="training", Key=key, Body=body)


def keys(bucket: str) -> list[str]:
    listed = client_of("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [entry["Key"] for entry in listed if not entry["Key"].startswith("datasets/")]


class FakeTrainer:
    """Writes the files of a training, and raises the given error after a checkpoint."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.found: list[str] = []

    def __call__(self, inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome:
        folder = inputs.run / "checkpoints"
        self.found = sorted(path.name for path in folder.glob("*"))
        folder.mkdir(parents=True, exist_ok=True)
        (inputs.run / "recipe.json").write_text("{}")
        step = len(self.found) + 1
        checkpoint = folder / f"{step:08}.safetensors"
        checkpoint.write_bytes(b"w" * step)
        hooks.on_checkpoint(checkpoint)
        hooks.on_step(step, 3)
        if self.error:
            raise self.error
        inputs.adapter.mkdir()
        for name in ("manifest.json", "a.safetensors", "z.json"):
            (inputs.adapter / name).write_text("{}")
        return TrainingOutcome(figures={"loss": 0.5, "loss_without": 1.0}, grid=inputs.adapter / "z.json")


def run(word: str, trainer: Trainer | None = None, **order: Any) -> int:
    environment = {
        **TRAINER_SETTINGS.to_environment(),
        **TrainingLaunch(task_token="token", training=json.dumps({**ORDER, **order})).to_environment(),
    }
    return job.main([word], (lambda: trainer) if trainer else None, environment)


def test_a_good_dataset_is_counted_and_nothing_written(tokens: Tokens) -> None:
    assert run(job.CHECK_DATA) == job.ANSWERED

    assert tokens.answers == [("token", "succeeded", {"pictures": 5})]
    assert keys("training") == keys("models") == []


@pytest.mark.parametrize(
    ("key", "body", "error"),
    [
        ("LICENCE", b"", "LicenceMissing"),
        ("2.txt", b"", "CaptionsMissing"),
        ("3.png", b"no picture", "PictureBroken"),
    ],
)
def test_an_error_of_the_data_has_a_name(tokens: Tokens, key: str, body: bytes, error: str) -> None:
    put(f"datasets/sunny/{key}", body)

    assert run(job.CHECK_DATA) == job.ANSWERED

    [(_, kind, cause)] = tokens.answers
    assert kind == error
    assert cause


def test_too_few_pictures_for_a_style_are_reported_before_the_training(tokens: Tokens) -> None:
    for number in (3, 4):
        client_of("s3").delete_object(Bucket="training", Key=f"datasets/sunny/{number}.png")

    run(job.CHECK_DATA)

    assert [kind for _, kind, _ in tokens.answers] == ["TooFewPictures"]


def test_a_training_leaves_its_adapter_with_the_manifest_last(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded: list[str] = []
    upload = BucketFolder.upload

    def noting(folder: BucketFolder, name: str, path: Path) -> str:
        uploaded.append(name)
        return upload(folder, name, path)

    monkeypatch.setattr(BucketFolder, "upload", noting)
    run(job.TRAIN_STYLE, FakeTrainer())

    [(_, kind, result)] = tokens.answers
    assert (kind, result["adapter"]) == ("succeeded", "s3://models/styles/sunny/v1")
    assert result["grid"] == "s3://training/runs/sunny.v1/before-after.png"
    assert keys("models") == [f"styles/sunny/v1/{name}" for name in ("a.safetensors", "manifest.json", "z.json")]
    assert uploaded[2:5] == ["a.safetensors", "z.json", "manifest.json"]


def test_an_interrupted_training_continues_from_its_latest_checkpoint_on_another_machine(tokens: Tokens) -> None:
    run(job.TRAIN_STYLE, FakeTrainer(SpotInterrupted("taken back")))
    run(job.TRAIN_STYLE, FakeTrainer(SpotInterrupted("taken back")))
    second = FakeTrainer()
    run(job.TRAIN_STYLE, second)

    assert [kind for _, kind, _ in tokens.answers] == ["SpotInterrupted", "SpotInterrupted", "succeeded"]
    # The task downloads only the latest checkpoint.
    assert second.found == ["00000002.safetensors"]


class TakenBack(FakeTrainer):
    """Receives SIGTERM before or after its first step, and checks the hooks like the loop."""

    def __init__(self, *, after: int) -> None:
        super().__init__()
        self.after = after

    def __call__(self, inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome:
        if self.after:
            hooks.on_step(self.after, 3)
        os.kill(os.getpid(), signal.SIGTERM)
        assert hooks.stopping()
        raise SpotInterrupted(f"stopped after step {self.after}")


@pytest.mark.parametrize(("after", "cause"), [(0, "AWS is reclaiming the machine"), (1, "stopped after step 1")])
def test_a_stopped_task_reports_an_interruption(tokens: Tokens, after: int, cause: str) -> None:
    assert run(job.TRAIN_STYLE, TakenBack(after=after)) == job.ANSWERED

    assert tokens.answers == [("token", "SpotInterrupted", cause)]


@pytest.mark.parametrize(
    ("error", "name"),
    [(LossNotFinite("nan"), "LossNotFinite"), (RuntimeError("the kernel crashed"), "TrainingFailed")],
)
def test_an_error_of_a_training_has_a_name(tokens: Tokens, error: Exception, name: str) -> None:
    assert run(job.TRAIN_STYLE, FakeTrainer(error)) == job.ANSWERED

    assert [kind for _, kind, _ in tokens.answers] == [name]
    assert keys("models") == []


def test_an_unknown_command_is_rejected_without_a_result(tokens: Tokens) -> None:
    assert run("dance") == job.MISUSED
    assert tokens.answers == []


def test_a_dataset_in_a_bucket_opens_like_a_folder() -> None:
    with fetch_temporarily(DATASET) as folder:
        assert [picture.name for picture in Dataset.open(folder).pictures] == ["apple"] * 5


@pytest.mark.parametrize("name", ["../../evil.png", "a//b.png", "/etc/x", "./x", "a/../b.png", "a\\b.png"])
def test_a_name_outside_the_folder_is_rejected_and_nothing_is_downloaded(name: str, tmp_path: Path) -> None:
    put(f"datasets/sunny/{name}", b"x")

    with pytest.raises(DatasetBroken, match="outside"):
        fetch(DATASET, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_dataset_above_its_limits_is_rejected_and_nothing_is_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DatasetTooLarge):
        fetch(DATASET, tmp_path / "data", max_files=10)
    with pytest.raises(DatasetTooLarge):
        fetch(DATASET, tmp_path / "data", max_bytes=100)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("place", ["s3://training/datasets/none", "s3://nowhere/datasets/sunny"])
def test_a_missing_dataset_is_rejected(place: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetBroken):
        fetch(place, tmp_path / "data")


def a_pulse(lease: Lease, *, waits: bool = True, stalls: list[int] | None = None, told: list[Any]) -> Heartbeat:
    return Heartbeat(
        send=lambda: waits,
        report=lambda step, steps: told.append((step, steps)),
        lease=lease,
        every_s=60,
        stall_s=5,
        on_stall=lambda: (stalls if stalls is not None else []).append(1),
    )


def test_progress_is_reported_once_with_a_heartbeat() -> None:
    told: list[Any] = []
    heartbeat = a_pulse(Lease(grace_s=10), told=told)

    heartbeat.run_round()
    heartbeat.step(2, 9)
    heartbeat.run_round()
    heartbeat.run_round()

    assert told == [(2, 9)]


def test_a_training_whose_execution_has_ended_stops() -> None:
    lease = Lease(grace_s=10)

    a_pulse(lease, waits=False, told=[]).run_round()

    assert lease.ended


@pytest.mark.parametrize(("step", "stalled"), [(0, 0), (3, 1), (9, 0)])
def test_only_a_pause_between_steps_is_a_stall(step: int, stalled: int) -> None:
    now = [0.0]
    stalls: list[int] = []
    heartbeat = a_pulse(Lease(grace_s=10, now=lambda: now[0]), stalls=stalls, told=[])
    if step:
        heartbeat.step(step, 9)

    now[0] = 6.0
    heartbeat.run_round()

    assert len(stalls) == stalled
