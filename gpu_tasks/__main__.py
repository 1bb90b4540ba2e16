"""`python -m gpu_tasks [serve | check-data | train-style]`: what the container runs; without a word, the GPU worker."""

import sys


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
