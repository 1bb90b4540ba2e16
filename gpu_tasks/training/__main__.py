"""The command line of training: `python -m gpu_tasks.training COMMAND ...`.

Each command is a module with `add_arguments(parser)` and `run(arguments)`. Only the chosen module is imported, because
some import large libraries.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from craftspark.errors import CraftsparkError
from gpu_tasks.training.errors import CommandRefused

PROMISE = "Build datasets, and train, export and evaluate models and styles."
COMMANDS = {
    "dataset.dataset": "build the clipart dataset from pinned packages",
    "dataset.thesaurus": "write the thesaurus of the gallery's search",
    "networks.unet": "train the UNet, from a model folder or the last checkpoint of the run",
    "networks.text_encoder": "train the text encoder to map synonyms to subjects that the UNet can draw",
    "networks.decoder": "train the decoder of the autoencoder for sharper images",
    "networks.upscaler": "train the upscaler, from a model folder or the last checkpoint of the run",
    "networks.distil": "distil the UNet to fewer steps without guidance",
    "styles.finetune": "train an adapter (LoRA) for a style or a subject from a few images",
    "networks.export": "export the averaged weights of a run as a model folder",
    "evaluation.gain": "measure an upscaler against bicubic interpolation",
    "evaluation.likeness": "train the encoder that compares images with prompts",
    "evaluation.evaluate": "evaluate a model: subjects, colours and few steps",
}

DONE, REFUSED = 0, 2


def main(words: Sequence[str]) -> int:
    """Run the command and return the exit code. Named errors are printed in one line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.training", description=PROMISE)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module, promise in COMMANDS.items():
        name = module.rpartition(".")[2]
        command = commands.add_parser(name, help=promise, description=promise)
        if name in words[:1]:
            chosen = import_module(f"gpu_tasks.training.{module}")
            chosen.add_arguments(command)
            command.set_defaults(module=chosen)  # `run` is an argument of some commands
    arguments = parser.parse_args(words)
    try:
        arguments.module.run(arguments)
    except (CraftsparkError, CommandRefused) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
