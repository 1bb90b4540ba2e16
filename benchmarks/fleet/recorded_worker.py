"""The GPU worker with a record of its waves: `python -m benchmarks.fleet.recorded_worker FILE`.

Each wave appends two lines of JSON to FILE, one at its start and one at its end.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Hashable, Sequence

from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.__main__ import load
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import EncodedImage
from gpu_tasks.worker.main import main
from gpu_tasks.worker.wave_queue import Renderer


class RecordedRenderer(Renderer):
    """The worker's renderer, with a record of each wave."""

    def __init__(self, renderer: Renderer, record: int) -> None:
        self.wave_size = renderer.wave_size
        self._renderer, self._record = renderer, record
        self._waves = itertools.count()

    def preload(self) -> None:
        self._renderer.preload()

    def load(self, model: str) -> None:
        self._renderer.load(model)

    def is_loaded(self, model: str) -> bool:
        return self._renderer.is_loaded(model)

    def max_images(self, model: str) -> int:
        return self._renderer.max_images(model)

    def kind(self, order: ImageOrder) -> Hashable:
        return self._renderer.kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        number = next(self._waves)
        self._write("start", number, wave)
        drawings = self._renderer.render(wave, on_step)
        self._write("end", number, wave)
        return drawings

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        return self._renderer.finish(order, drawing)

    def _write(self, event: str, wave: int, orders: Sequence[ImageOrder]) -> None:
        images = [[order.job_id, order.index] for order in orders]
        line = {"event": event, "at": time.time(), "pid": os.getpid(), "wave": wave, "images": images}
        os.write(self._record, f"{json.dumps(line)}\n".encode())  # one write, so that lines of workers do not mix


def serve(path: str) -> int:
    # Several workers share the cores of a laptop, where threads of PyTorch would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    record = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    return main(lambda settings: RecordedRenderer(load_renderer(settings), record))


def load_renderer(settings: WorkerSettings) -> Renderer:
    return load(settings)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1]))
