"""The GPU worker with a renderer that follows instructions in the prompt, so that tests control its faults.

`break` raises each time, `die` kills the process once, `hold NAME` waits in its second wave until somebody opens the
named pipe of that name to write (it does not where there is none), anything else draws grey, each step taking a moment.
"""

import os
import signal
import sys
import threading
from collections.abc import Hashable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer

STEP_S = 0.2


class DrillRenderer(Renderer):
    """Draws two images per wave, so that a batch of four has two waves."""

    wave_size = 2

    def kind(self, order: ImageOrder) -> Hashable:
        return order.job_id

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        prompt = wave[0].request["prompt"]
        for step in range(4):
            threading.Event().wait(STEP_S)
            on_step((step + 1) / 4)
        if prompt == "break":
            raise RuntimeError("the kernel crashed")
        if prompt == "die" and wave[0].index > 0 and first_time(wave[0].job_id):
            os.kill(os.getpid(), signal.SIGKILL)
        if prompt.startswith("hold ") and wave[0].index > 0:
            with suppress(FileNotFoundError):
                (Path(sys.argv[1]) / prompt.removeprefix("hold ")).open("rb").close()
        return [Drawing(pixels=np.full((16, 16, 3), order.seed % 256, np.uint8), seed=order.seed) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return encode_image(finish_unchanged(drawing))


def first_time(job_id: str) -> bool:
    """Whether this job has not killed a worker yet."""
    try:
        (Path(sys.argv[1]) / job_id).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def load(_settings: WorkerSettings) -> DrillRenderer:
    return DrillRenderer()


if __name__ == "__main__":
    sys.exit(main(load))
