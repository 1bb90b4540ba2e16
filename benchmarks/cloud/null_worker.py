"""The GPU worker with a renderer that takes no time, so that only the service around it is measured."""

import sys
from collections.abc import Hashable, Sequence

import numpy as np

from craftspark.models.catalogue import find_models
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage, encode_image, finish_unchanged
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer


class NullRenderer(Renderer):
    """Returns grey pictures immediately."""

    def __init__(self, wave_size: int) -> None:
        self.wave_size = wave_size
        self._pixels = np.full((128, 128, 3), 128, np.uint8)

    def kind(self, order: ImageOrder) -> Hashable:
        return order.tool

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        on_step(1.0)
        return [Drawing(pixels=self._pixels, seed=order.seed) for order in wave]

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return encode_image(finish_unchanged(drawing))


def load(settings: WorkerSettings) -> NullRenderer:
    return NullRenderer(max((model.wave_size for model in find_models(settings.models.values())), default=1))


if __name__ == "__main__":
    sys.exit(main(load))
