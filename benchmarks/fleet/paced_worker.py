"""The GPU worker with a renderer that takes a fixed time for a wave and no CPU, as with a separate GPU.

`python -m benchmarks.fleet.paced_worker SECONDS`. Many such workers fit on a laptop.
"""

import sys
import threading
from collections.abc import Hashable, Sequence

import numpy as np

from craftspark.models.catalogue import find_models
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer

STEPS = 4


class PacedRenderer(Renderer):
    """Returns grey pictures after a fixed time."""

    def __init__(self, wave_size: int, wave_s: float) -> None:
        self.wave_size = wave_size
        self._step_s = wave_s / STEPS
        self._pixels = np.full((128, 128, 3), 128, np.uint8)

    def kind(self, order: ImageOrder) -> Hashable:
        return order.tool

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        for step in range(STEPS):
            threading.Event().wait(self._step_s)  # the time of a step on a GPU
            on_step((step + 1) / STEPS)
        return [Drawing(pixels=self._pixels, seed=order.seed) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return encode_image(finish_unchanged(drawing))


def serve(wave_s: float) -> int:
    def load(settings: WorkerSettings) -> PacedRenderer:
        sizes = (model.on(settings.device).wave_size for model in find_models(settings.models.values()))
        return PacedRenderer(max(sizes, default=1), wave_s)

    return main(load)


if __name__ == "__main__":
    sys.exit(serve(float(sys.argv[1])))
