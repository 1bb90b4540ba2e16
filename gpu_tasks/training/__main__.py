"""`python -m gpu_tasks.training COMMAND ...`

A command is a module of this package with `add_arguments(parser)` and `run(arguments)`; it is imported only when
chosen, so that none waits for another's libraries.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from craftspark.errors import CraftsparkError

COMMANDS = {
    "dataset": "build the clipart dataset from pinned packages",
    "unet": "train the part that draws, from a model folder or from the run's last checkpoint",
    "text_encoder": "teach the text encoder the many ways to say what the UNet can draw",
    "decoder": "train what turns latents into pixels, for sharper pictures",
    "upscaler": "train the upscaler, from a model folder or from the run's last checkpoint",
    "distil": "train the part that draws to need few steps and no guidance",
    "finetune": "teach a model a style or a subject from a dozen pictures, as an adapter",
    "export": "write a run's averaged weights as a model folder",
    "gain": "measure an upscaler against bicubic interpolation",
    "likeness": "train the encoder that compares pictures with prompts",
    "evaluate": "measure a model: subjects, colours, few steps",
}

DONE, REFUSED = 0, 2


def main(words: Sequence[str]) -> int:
    """Run the command; answers the exit code. What is refused by name is told in one line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, promise in COMMANDS.items():
        command = commands.add_parser(name, help=promise, description=promise)
        if name in words[:1]:
            import_module(f"gpu_tasks.training.{name}").add_arguments(command)
    arguments = parser.parse_args(words)
    try:
        import_module(f"gpu_tasks.training.{arguments.command}").run(arguments)
    except CraftsparkError as error:
        print(f"{error.name}: {error.detail}", file=sys.stderr)
        return REFUSED
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
