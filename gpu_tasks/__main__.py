"""`python -m gpu_tasks [serve | check-data | train-style]`: what the container runs; without a word, the GPU worker."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from craftspark.settings.tasks import WorkerSettings
    from gpu_tasks.worker.waves import Renderer


def run(words: list[str]) -> int:
    """Import only what the word asks for: checking data needs no torch."""
    if words[:1] == ["serve"]:
        from gpu_tasks.serving import command

        return command.main(words[1:])
    if words:
        from gpu_tasks.training.styles import job

        return job.main(words)
    from gpu_tasks.worker.main import main

    return main(load)


def load(settings: WorkerSettings) -> Renderer:
    """The studio; torch is imported once there is something to render."""
    from gpu_tasks.studio import load_studio

    return load_studio(settings)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
