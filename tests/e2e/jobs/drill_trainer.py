"""The GPU image with a trainer that follows instructions in the dataset, so that tests control its results.

A picture named `interrupted` makes the first task wait for a spot notice, after its second checkpoint. One named `poor`
makes the training learn nothing. Without a command, the program is the drill worker.
"""

import json
import sys
import threading

from PIL import Image

from craftspark.errors import SpotInterrupted
from gpu_tasks.inference.manifests import MANIFEST
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.styles import job
from gpu_tasks.training.styles.inputs import TrainingInputs, TrainingOutcome
from gpu_tasks.worker import main as worker
from tests.e2e.jobs import drill_worker

STEPS = 4
LOOK_EVERY_S = 0.05


def drill_trainer(inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome:
    """Write the files of a training, and continue from a checkpoint like a training."""
    names = {picture.name for picture in inputs.dataset.pictures}
    folder = inputs.run / job.CHECKPOINTS
    resumed_from = max((int(path.stem) for path in folder.glob("*.safetensors")), default=0)
    folder.mkdir(parents=True, exist_ok=True)
    (inputs.run / job.RECIPE).write_text("{}")
    for step in range(resumed_from + 1, STEPS + 1):
        checkpoint = folder / f"{step:08}.safetensors"
        checkpoint.write_bytes(b"weights")
        hooks.on_checkpoint(checkpoint)
        while "interrupted" in names and not resumed_from and step == 2 and not hooks.stopping():
            threading.Event().wait(LOOK_EVERY_S)
        hooks.on_step(step, STEPS)
        if hooks.stopping():
            raise SpotInterrupted(f"stopped after step {step}")
    inputs.adapter.mkdir()
    (inputs.adapter / MANIFEST).write_text(json.dumps({}))
    grid = inputs.run / "grid.png"
    Image.new("RGB", (8, 8)).save(grid)
    loss = 2.0 if "poor" in names else 0.5
    return TrainingOutcome(figures={"loss": loss, "loss_without": 1.0, "resumed_from": resumed_from}, grid=grid)


if __name__ == "__main__":
    if sys.argv[2:]:
        sys.exit(job.main(sys.argv[2:], lambda: drill_trainer))
    sys.exit(worker.main(drill_worker.load))
