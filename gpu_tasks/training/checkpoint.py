"""The run folder of a training. Each file is written atomically.

recipe.json                the options; a run resumes only with the same recipe
checkpoints/<step>.safetensors   weights, their average and the optimizer's moments; the latest two
metrics.jsonl              one line for each report
samples/                   grids of pictures
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from craftspark.errors.training import CheckpointBroken, DiskTooSmall, RecipeChanged
from gpu_tasks.training.errors import CheckpointMissing

MAX_CHECKPOINTS = 2
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Learner:
    """The state that a step changes: the network, its running average and the optimizer.

    Parameters without a gradient are excluded, so a frozen network with an adapter is in no checkpoint.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.AdamW

    def trainable(self) -> dict[str, nn.Parameter]:
        """Return the parameters that a step changes, by name."""
        return find_trainable(self.network)

    def select_weights(self, network: nn.Module) -> dict[str, Tensor]:
        """Return the state of the network or of its average, without frozen parameters."""
        frozen = {name for name, parameter in self.network.named_parameters() if not parameter.requires_grad}
        return {name: tensor for name, tensor in network.state_dict().items() if name not in frozen}

    def tensors(self) -> dict[str, Tensor]:
        """Return all state by name. The optimizer's moments exist after the first step."""
        moments = {
            f"{moment}.{name}": self.optimizer.state[parameter][moment]
            for name, parameter in self.trainable().items()
            if parameter in self.optimizer.state
            for moment in ("exp_avg", "exp_avg_sq")
        }
        weights = {f"network.{name}": tensor for name, tensor in self.select_weights(self.network).items()}
        averages = {f"average.{name}": tensor for name, tensor in self.select_weights(self.average).items()}
        return {name: tensor.detach().contiguous() for name, tensor in (weights | averages | moments).items()}

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Load the state. Raises KeyError or RuntimeError for tensors of another network."""
        for network, prefix in ((self.network, "network."), (self.average, "average.")):
            weights = select_prefix(tensors, prefix)
            if differing := sorted(weights.keys() ^ self.select_weights(network).keys()):
                raise KeyError(f"{prefix}{differing[0]}")
            network.load_state_dict(weights, strict=False)  # frozen parameters are not in the file
        for name, parameter in self.trainable().items():
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(step), device=parameter.device),
                **{
                    # The same memory format as the weight, because a fused step requires it.
                    moment: torch.empty_like(parameter).copy_(tensors[f"{moment}.{name}"])
                    for moment in ("exp_avg", "exp_avg_sq")
                },
            }


@dataclass(frozen=True)
class Run:
    """The folder of one run."""

    folder: Path
    recipe: Mapping[str, Any]

    @classmethod
    def start(cls, folder: Path, recipe: Mapping[str, Any]) -> Run:
        """Start the run, or open it if it exists. Raises RecipeChanged if the folder has another recipe."""
        recipe = json.loads(json.dumps(recipe))
        path = folder / "recipe.json"
        if path.exists():
            stored = json.loads(path.read_text())
            if changed := sorted(key for key in stored.keys() | recipe.keys() if stored.get(key) != recipe.get(key)):
                raise RecipeChanged(
                    f"{folder} belongs to a run with another recipe: {', '.join(changed)} differ; choose a new folder",
                    changed=changed,
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(recipe, indent=1) + "\n")
        return cls(folder, recipe)

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a run that exists. Raises CheckpointMissing if there is none."""
        try:
            return cls(folder, json.loads((folder / "recipe.json").read_text()))
        except FileNotFoundError:
            raise CheckpointMissing(f"{folder} is not the folder of a run: recipe.json is missing") from None

    def check_disk_space(self, learner: Learner) -> None:
        """Raise DiskTooSmall unless all checkpoints fit, including the partial one."""
        # Weights, average and two moments, all of the same size.
        needed = (
            4
            * (MAX_CHECKPOINTS + 1)
            * sum(tensor.nbytes for tensor in learner.select_weights(learner.network).values())
        )
        free = shutil.disk_usage(self.folder).free + sum(path.stat().st_size for path in self.checkpoints())
        if free < needed:
            raise DiskTooSmall(f"{self.folder} needs {needed >> 20} MiB for checkpoints and has {free >> 20}")

    def checkpoints(self) -> list[Path]:
        """Return the paths of the checkpoints, the oldest first."""
        return sorted((self.folder / "checkpoints").glob("*.safetensors"))

    def keep(self, learner: Learner, step: int) -> Path:
        """Write a checkpoint after `step` steps, and delete old checkpoints."""
        path = self.folder / "checkpoints" / f"{step:08}.safetensors"
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(PARTIAL)
        save_file(learner.tensors(), partial, metadata={"step": str(step), "recipe": json.dumps(self.recipe)})
        commit_file(partial, path)
        for old in self.checkpoints()[:-MAX_CHECKPOINTS]:
            old.unlink()
        return path

    def resume(self, learner: Learner) -> int:
        """Restore the learner from the latest checkpoint. Returns its step, or 0 if there is none. Raises
        CheckpointBroken.
        """
        if not self.checkpoints():
            return 0
        path, step, tensors = self.latest()
        try:
            learner.restore(tensors, step)
        except (KeyError, RuntimeError) as error:
            raise CheckpointBroken(f"{path} is of another network: {error}") from None
        return step

    def latest(self) -> tuple[Path, int, dict[str, Tensor]]:
        """Read the latest checkpoint. Raises CheckpointMissing, CheckpointBroken, RecipeChanged."""
        if not self.checkpoints():
            raise CheckpointMissing(f"{self.folder} has no checkpoint yet")
        path = self.checkpoints()[-1]
        try:
            with safe_open(path, "pt") as file:
                facts = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except SafetensorError as error:
            raise CheckpointBroken(
                f"{path} cannot be read: {error}; remove it to continue from the previous checkpoint"
            ) from None
        if json.loads(facts["recipe"]) != self.recipe:
            raise RecipeChanged(f"{path} has another recipe than {self.folder / 'recipe.json'}")
        return path, int(facts["step"]), tensors

    def drop_metrics_after(self, step: int) -> None:
        """Remove the reports after a step, because a resumed run writes them again."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        whole = [line for line in lines if line.endswith("}")]  # the last line can be incomplete
        write_atomically(path, "".join(f"{line}\n" for line in whole if json.loads(line)["step"] <= step))

    def report(self, metrics: Mapping[str, float]) -> None:
        """Append one line of metrics."""
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics) + "\n")


def find_trainable(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that need a gradient, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def select_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def write_atomically(path: Path, text: str) -> None:
    """Write a text file atomically."""
    partial = path.with_name(path.name + PARTIAL)
    partial.write_text(text)
    commit_file(partial, path)


def commit_file(partial: Path, path: Path) -> None:
    """Rename a finished file after its bytes are on disk."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
