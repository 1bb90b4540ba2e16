"""A run folder: what a training run writes, each file whole or not at all.

recipe.json                what was asked for; a run goes on only with the same
checkpoints/<step>.safetensors   weights, their average and the optimizer's moments, the latest two
metrics.jsonl              one line a report
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

from gpu_tasks.training.errors import CheckpointBroken, CheckpointMissing, DiskTooSmall, RecipeChanged

KEPT = 2
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Learner:
    """All that one step changes: the network, its running average and the optimizer.

    Parameters that need no gradient are no part of it: a frozen network under an adapter is in no checkpoint.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.AdamW

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that a step changes, by name."""
        return trained_of(self.network)

    def weights_of(self, network: nn.Module) -> dict[str, Tensor]:
        """The state of the network or of its average, but for what is frozen."""
        frozen = {name for name, parameter in self.network.named_parameters() if not parameter.requires_grad}
        return {name: tensor for name, tensor in network.state_dict().items() if name not in frozen}

    def tensors(self) -> dict[str, Tensor]:
        """Everything by name; the optimizer's moments are there from the first step on."""
        moments = {
            f"{moment}.{name}": self.optimizer.state[parameter][moment]
            for name, parameter in self.trained().items()
            if parameter in self.optimizer.state
            for moment in ("exp_avg", "exp_avg_sq")
        }
        weights = {f"network.{name}": tensor for name, tensor in self.weights_of(self.network).items()}
        averages = {f"average.{name}": tensor for name, tensor in self.weights_of(self.average).items()}
        return {name: tensor.detach().contiguous() for name, tensor in (weights | averages | moments).items()}

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Raises KeyError or RuntimeError for tensors of another network."""
        for network, prefix in ((self.network, "network."), (self.average, "average.")):
            weights = part(tensors, prefix)
            if differing := sorted(weights.keys() ^ self.weights_of(network).keys()):
                raise KeyError(f"{prefix}{differing[0]}")
            network.load_state_dict(weights, strict=False)  # the frozen are not there
        for name, parameter in self.trained().items():
            self.optimizer.state[parameter] = {
                "step": torch.tensor(float(step), device=parameter.device),
                **{
                    # In the weight's own memory format: a fused step walks through both without looking.
                    moment: torch.empty_like(parameter).copy_(tensors[f"{moment}.{name}"])
                    for moment in ("exp_avg", "exp_avg_sq")
                },
            }


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    folder: Path
    recipe: Mapping[str, Any]

    @classmethod
    def begin(cls, folder: Path, recipe: Mapping[str, Any]) -> Run:
        """Begin the run, or find it again; raises RecipeChanged where the folder is another recipe's."""
        recipe = json.loads(json.dumps(recipe))
        path = folder / "recipe.json"
        if path.exists():
            begun = json.loads(path.read_text())
            if changed := sorted(key for key in begun.keys() | recipe.keys() if begun.get(key) != recipe.get(key)):
                raise RecipeChanged(
                    f"{folder} belongs to a run with another recipe: {', '.join(changed)} differ; choose a new folder",
                    changed=changed,
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(recipe, indent=1) + "\n")
        return cls(folder, recipe)

    @classmethod
    def found(cls, folder: Path) -> Run:
        """A run that was begun earlier; raises CheckpointMissing where there is none."""
        try:
            return cls(folder, json.loads((folder / "recipe.json").read_text()))
        except FileNotFoundError:
            raise CheckpointMissing(f"{folder} is not the folder of a run: recipe.json is missing") from None

    def make_room(self, learner: Learner) -> None:
        """Raise DiskTooSmall unless the checkpoints will fit, the one being written included."""
        # Weights, average and two moments, all of one size.
        needed = 4 * (KEPT + 1) * sum(tensor.nbytes for tensor in learner.weights_of(learner.network).values())
        free = shutil.disk_usage(self.folder).free + sum(path.stat().st_size for path in self.checkpoints())
        if free < needed:
            raise DiskTooSmall(f"{self.folder} needs {needed >> 20} MiB for checkpoints and has {free >> 20}")

    def checkpoints(self) -> list[Path]:
        """Oldest first."""
        return sorted((self.folder / "checkpoints").glob("*.safetensors"))

    def keep(self, learner: Learner, step: int) -> Path:
        """Write the state after so many steps, and let go of all but the latest few."""
        path = self.folder / "checkpoints" / f"{step:08}.safetensors"
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(PARTIAL)
        save_file(learner.tensors(), partial, metadata={"step": str(step), "recipe": json.dumps(self.recipe)})
        settle(partial, path)
        for old in self.checkpoints()[:-KEPT]:
            old.unlink()
        return path

    def resume(self, learner: Learner) -> int:
        """Bring the learner to the latest checkpoint; answers its step, 0 where there is none."""
        if not self.checkpoints():
            return 0
        path, step, tensors = self.latest()
        try:
            learner.restore(tensors, step)
        except (KeyError, RuntimeError) as error:
            raise CheckpointBroken(f"{path} is of another network: {error}") from None
        return step

    def latest(self) -> tuple[Path, int, dict[str, Tensor]]:
        """The latest checkpoint; raises CheckpointMissing, CheckpointBroken, RecipeChanged."""
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
            raise RecipeChanged(f"{path} is of another recipe than {self.folder / 'recipe.json'}")
        return path, int(facts["step"]), tensors

    def forget_metrics_after(self, step: int) -> None:
        """A resumed run reports its steps anew; what was reported beyond the checkpoint goes."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        whole = [line for line in lines if line.endswith("}")]  # the last may have been cut
        write_whole(path, "".join(f"{line}\n" for line in whole if json.loads(line)["step"] <= step))

    def report(self, metrics: Mapping[str, float]) -> None:
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics) + "\n")


def trained_of(network: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that need a gradient, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def write_whole(path: Path, text: str) -> None:
    partial = path.with_name(path.name + PARTIAL)
    partial.write_text(text)
    settle(partial, path)


def settle(partial: Path, path: Path) -> None:
    """Give a finished file its name, once its bytes are on the disk."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
