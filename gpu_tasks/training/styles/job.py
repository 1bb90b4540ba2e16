"""A training as a GPU task: `python -m gpu_tasks check-data`, then `train-style`, both launched by `train-model`.

This module alone knows signals, tokens and exit codes of a training. An interruption is the normal path: every
checkpoint goes to the bucket, and whichever task comes next goes on from the latest.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.folders import BucketFolder
from craftspark.aws.orchestration.callbacks import Callback, JsonResult, Result
from craftspark.errors import CraftsparkError, SpotInterrupted
from craftspark.settings.tasks import TrainerSettings
from craftspark.styles.trainings import TrainingOrder, TrainingResult, adapter_prefix, run_prefix
from gpu_tasks.training.dataset.dataset import STYLE_LEAST, Dataset
from gpu_tasks.training.dataset.remote import fetched
from gpu_tasks.training.errors import TooFewPictures, TrainingFailed
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles.heartbeat import Pulse
from gpu_tasks.training.styles.lesson import GRID, Lesson, Trainer
from gpu_tasks.worker.lease import Lease

TASK_TOKEN = "CRAFTSPARK_TASK_TOKEN"  # noqa: S105 - the variable's name
ORDER = "CRAFTSPARK_TRAINING"
CHECK_DATA, TRAIN_STYLE = "check-data", "train-style"
CHECKPOINTS, RECIPE, PROGRESS = "checkpoints", "recipe.json", "progress.json"
MANIFEST = "manifest.json"

ANSWERED, MISUSED, STALLED = 0, 2, 3
SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = Logger(service="trainer")


def main(
    words: Sequence[str], trainer: Callable[[], Trainer] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    """Do what the word says and answer the token that waits for it; answers the exit code.

    A fault that was answered is no failure of the task. `trainer` is made only for training.
    """
    if list(words) not in ([CHECK_DATA], [TRAIN_STYLE]):
        logger.error("unknown command", extra={"words": list(words)})
        return MISUSED
    settings = TrainerSettings.from_environment(environment)
    order = TrainingOrder(**json.loads(environment[ORDER]))
    callback = Callback(client=clients.stepfunctions(), token=environment[TASK_TOKEN])
    lease = Lease(grace_s=settings.stop_grace_s)
    folder = BucketFolder(client=clients.s3(), bucket=settings.training_bucket, prefix=run_prefix(order.training_id))
    pulse = Pulse(
        beat=callback.heartbeat,
        tell=lambda step, steps: folder.write(PROGRESS, {"step": step, "steps": steps}),
        lease=lease,
        every_s=settings.heartbeat_s,
        stall_s=settings.stall_s,
        # Nothing but the end of the process frees a thread that hangs inside a kernel.
        on_stall=lambda: os._exit(STALLED),
    )

    def take_back(*_: object) -> None:
        """Between two steps the run is asked; at any other time nobody would look for minutes."""
        first = not lease.ended
        lease.end()
        if first and not pulse.stepping:
            raise SpotInterrupted("AWS is reclaiming the machine")

    with pulse:
        try:
            with listening(take_back):
                result = (
                    check(order) if words[0] == CHECK_DATA else train(order, settings, folder, pulse, lease, trainer)
                )
        except CraftsparkError as error:
            facts = {"training_id": order.training_id, "reason": error.name, "detail": error.detail}
            logger.warning("training stopped", extra=facts)
            callback.fail(error)
            return ANSWERED
        except Exception as error:
            logger.exception("training broke", extra={"training_id": order.training_id})
            callback.fail(TrainingFailed(f"{type(error).__name__}: {error}"))
            return ANSWERED
    callback.succeed(result)
    logger.info("done", extra={"training_id": order.training_id, "command": words[0], **result.to_json()})
    return ANSWERED


@contextmanager
def listening(on_signal: Callable[..., None]) -> Iterator[None]:
    """Hear of SIGTERM and SIGINT while the block lasts; afterwards they are ignored, for its answer is on its way."""
    for number in SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def check(order: TrainingOrder) -> Result:
    """Look at every picture, caption and licence before a GPU spends hours on them; raises a TrainingError."""
    with fetched(order.dataset) as folder:
        pictures = len(Dataset.open(folder).pictures)
    if pictures < STYLE_LEAST:
        raise TooFewPictures(f"{order.dataset} has {pictures} images; a style requires at least {STYLE_LEAST}")
    return JsonResult({"pictures": pictures})


def train(
    order: TrainingOrder,
    settings: TrainerSettings,
    folder: BucketFolder,
    pulse: Pulse,
    lease: Lease,
    trainer: Callable[[], Trainer] | None,
) -> Result:
    """Train, from the bucket's latest checkpoint where there is one, and put the adapter into the models bucket."""
    with (
        tempfile.TemporaryDirectory(prefix="craftspark-training-") as scratch,
        fetched(order.dataset) as data,
    ):
        run, adapter = Path(scratch, "run"), Path(scratch, "adapter")
        restore(folder, run)

        def keep(checkpoint: Path) -> None:
            """The recipe first: a checkpoint without it could not be told from another recipe's."""
            folder.upload(RECIPE, run / RECIPE)
            folder.upload(f"{CHECKPOINTS}/{checkpoint.name}", checkpoint)

        if trainer is None:
            from gpu_tasks.training.styles.style_trainer import train_style  # needs torch, which a check does not

            chosen: Trainer = train_style
        else:
            chosen = trainer()
        lesson = Lesson(order=order, settings=settings, dataset=Dataset.open(data), run=run, adapter=adapter)
        outcome = chosen(lesson, Hooks(on_step=pulse.step, on_checkpoint=keep, stopping=lambda: lease.ended))
        store = BucketFolder(
            client=clients.s3(), bucket=settings.models_bucket, prefix=adapter_prefix(order.style, order.version)
        )
        return TrainingResult(
            figures=outcome.figures,
            adapter=publish(adapter, store),
            grid=folder.upload(GRID, outcome.grid),
        )


def restore(folder: BucketFolder, run: Path) -> None:
    """Bring the run's recipe and its latest checkpoint from the bucket; nothing where the run has not begun."""
    names = sorted(file.name for file in folder.files())
    checkpoints = [name for name in names if name.startswith(f"{CHECKPOINTS}/")]
    if not checkpoints or RECIPE not in names:
        return
    for name in (RECIPE, checkpoints[-1]):
        folder.download(name, run / name)
    logger.info("training resumes", extra={"checkpoint": checkpoints[-1]})


def publish(adapter: Path, store: BucketFolder) -> str:
    """Upload an adapter's folder, its manifest last: until then the adapter is not there. Answers its place."""
    names = sorted(path.relative_to(adapter).as_posix() for path in adapter.rglob("*") if path.is_file())
    if MANIFEST not in names:
        raise TrainingFailed(f"the training left no {MANIFEST} in {adapter}")
    for name in (*(name for name in names if name != MANIFEST), MANIFEST):
        store.upload(name, adapter / name)
    return store.place
