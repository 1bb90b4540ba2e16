"""`python -m gpu_tasks [serve | check-data | train-style]`: the container's entry point. Without a command, it is the
GPU worker.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gpu_tasks.imports import pause_garbage_collection

if TYPE_CHECKING:
    from craftspark.settings.tasks import WorkerSettings
    from gpu_tasks.worker.wave_queue import Renderer


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code. Imports only what the command needs: `check-data` needs no torch."""
    if arguments[:1] == ["serve"]:
        from gpu_tasks.serving import command

        return command.main(arguments[1:])
    if arguments:
        from gpu_tasks.training.styles import job

        return job.main(arguments)
    from gpu_tasks.worker.main import main

    return main(load)


def load(settings: WorkerSettings) -> Renderer:
    """Load the renderer of the pool's tools. Torch is imported only when there is something to render."""
    with pause_garbage_collection():
        from gpu_tasks.renderers.loading import load_worker_renderer

    return load_worker_renderer(settings)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
