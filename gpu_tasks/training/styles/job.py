"""A training as a GPU task: `python -m gpu_tasks check-data`, then `train-style`, both launched by `train-model`.

Only this module handles signals, tokens and exit codes of a training. Interruptions are normal: every checkpoint is
uploaded, and the next task resumes from the latest.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.folders import BucketFolder
from craftspark.aws.orchestration.callbacks import Callback
from craftspark.contracts import Contract
from craftspark.errors import CraftsparkError, SpotInterrupted
from craftspark.errors.training import TooFewPictures, TrainingFailed
from craftspark.settings.tasks import TrainerSettings, TrainingLaunch
from craftspark.styles.messages import DatasetCheck, TrainingOrder, TrainingResult
from craftspark.styles.trainings import adapter_prefix, run_prefix
from gpu_tasks.imports import pause_garbage_collection
from gpu_tasks.inference.manifests import list_files, publish
from gpu_tasks.training.dataset.dataset import MIN_STYLE_PICTURES, Dataset
from gpu_tasks.training.dataset.remote import fetch_temporarily
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles.heartbeat import Heartbeat
from gpu_tasks.training.styles.inputs import GRID, Trainer, TrainingInputs
from gpu_tasks.worker.lease import Lease

CHECK_DATA, TRAIN_STYLE = "check-data", "train-style"
CHECKPOINTS, RECIPE, PROGRESS = "checkpoints", "recipe.json", "progress.json"

ANSWERED, MISUSED, STALLED = 0, 2, 3
SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = Logger(service="trainer")


def main(
    words: Sequence[str], trainer: Callable[[], Trainer] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Run the command and answer the waiting token. Returns the exit code.

    A fault that was answered is not a failure of the task. `trainer` is created only for training.
    """
    if list(words) not in ([CHECK_DATA], [TRAIN_STYLE]):
        logger.error("unknown command", extra={"words": list(words)})
        return MISUSED
    settings = TrainerSettings.from_environment(environment)
    launch = TrainingLaunch.from_environment(environment)
    order = TrainingOrder.parse(launch.training)
    callback = Callback(client=clients.stepfunctions(), token=launch.task_token)
    lease = Lease(grace_s=settings.stop_grace_s)
    folder = BucketFolder(client=clients.s3(), bucket=settings.training_bucket, prefix=run_prefix(order.training_id))
    heartbeat = Heartbeat(
        send=callback.heartbeat,
        report=lambda step, steps: folder.write(PROGRESS, {"step": step, "steps": steps}),
        lease=lease,
        every_s=settings.heartbeat_s,
        stall_s=settings.stall_s,
        # Only the end of the process frees a thread that hangs in a kernel.
        on_stall=lambda: os._exit(STALLED),
    )

    def take_back(*_: object) -> None:
        """Between two steps the run is asked; at any other time nobody would look for minutes."""
        first = not lease.ended
        lease.end()
        if first and not heartbeat.is_stepping:
            raise SpotInterrupted("AWS is reclaiming the machine")

    with heartbeat:
        try:
            with handle_signals(take_back):
                result = (
                    check(order)
                    if words[0] == CHECK_DATA
                    else train(order, settings, folder, heartbeat, lease, trainer)
                )
        except CraftsparkError as error:
            facts = {"training_id": order.training_id, "reason": error.name, "detail": error.detail}
            logger.warning("training stopped", extra=facts)
            callback.fail(error)
            return ANSWERED
        except Exception as error:
            logger.exception("training failed", extra={"training_id": order.training_id})
            callback.fail(TrainingFailed(f"{type(error).__name__}: {error}"))
            return ANSWERED
    callback.succeed(result)
    logger.info("done", extra={"training_id": order.training_id, "command": words[0], **result.to_json()})
    return ANSWERED


@contextmanager
def handle_signals(on_signal: Callable[..., None]) -> Iterator[None]:
    """Handle SIGTERM and SIGINT in the block. Afterwards they are ignored, because the answer is being sent."""
    for number in SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def check(order: TrainingOrder) -> Contract:
    """Check every picture, caption and licence before a GPU spends hours on them. Raises a TrainingError."""
    with fetch_temporarily(order.dataset) as folder:
        pictures = len(Dataset.open(folder).pictures)
    if pictures < MIN_STYLE_PICTURES:
        raise TooFewPictures(f"{order.dataset} has {pictures} images; a style requires at least {MIN_STYLE_PICTURES}")
    return DatasetCheck(pictures=pictures)


def train(
    order: TrainingOrder,
    settings: TrainerSettings,
    folder: BucketFolder,
    heartbeat: Heartbeat,
    lease: Lease,
    trainer: Callable[[], Trainer] | None,
) -> Contract:
    """Train from the bucket's latest checkpoint, if there is one, and upload the adapter to the models bucket."""
    with (
        tempfile.TemporaryDirectory(prefix="craftspark-training-") as scratch,
        fetch_temporarily(order.dataset) as data,
    ):
        run, adapter = Path(scratch, "run"), Path(scratch, "adapter")
        restore(folder, run)

        def keep(checkpoint: Path) -> None:
            """Upload the recipe first, because a checkpoint is useless without it."""
            folder.upload(RECIPE, run / RECIPE)
            folder.upload(f"{CHECKPOINTS}/{checkpoint.name}", checkpoint)

        if trainer is None:
            with pause_garbage_collection():  # needs torch, which `check-data` does not
                from gpu_tasks.training.styles.style_trainer import train_style

            chosen: Trainer = train_style
        else:
            chosen = trainer()
        inputs = TrainingInputs(order=order, settings=settings, dataset=Dataset.open(data), run=run, adapter=adapter)
        outcome = chosen(inputs, Hooks(on_step=heartbeat.step, on_checkpoint=keep, stopping=lambda: lease.ended))
        store = BucketFolder(
            client=clients.s3(), bucket=settings.models_bucket, prefix=adapter_prefix(order.style, order.version)
        )
        publish(list_files(adapter), store.upload)
        return TrainingResult(
            figures=outcome.figures,
            adapter=store.place,
            grid=folder.upload(GRID, outcome.grid),
        )


def restore(folder: BucketFolder, run: Path) -> None:
    """Download the run's recipe and its latest checkpoint. Does nothing if the run has not started."""
    names = sorted(file.name for file in folder.files())
    checkpoints = [name for name in names if name.startswith(f"{CHECKPOINTS}/")]
    if not checkpoints or RECIPE not in names:
        return
    for name in (RECIPE, checkpoints[-1]):
        folder.download(name, run / name)
    logger.info("training resumes", extra={"checkpoint": checkpoints[-1]})
