"""`python -m gpu_tasks [serve | check-data | train-style]`: what the container runs; without a word, the GPU worker."""

import os
import sys

# A log is read by the line: no progress bars, and no advice about packages that are left out on purpose. The
# libraries read these when they are imported.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
# OpenMP's threads wait for each other by spinning, 300,000 times by default. Where another process wants the same
# cores, as on a laptop with two workers, that nearly doubles the time of a wave; so few cost a lone worker nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def run(words: list[str]) -> int:
    """Import only what the word asks for: checking data needs no torch."""
    if words[:1] == ["serve"]:
        from gpu_tasks.serving import command

        return command.main(words[1:])
    if words:
        from gpu_tasks.training import job

        return job.main(words)
    from gpu_tasks.main import main
    from gpu_tasks.studio import load_studio

    return main(load_studio)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
