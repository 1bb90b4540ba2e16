"""The training of a style in a task: fine-tuning, and figures that show how much was learned."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.styles.messages import TrainingOrder
from craftspark.styles.trainings import adapter_prefix
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.model_store import locate
from gpu_tasks.training.dataset.dataset import MAX_STYLE_PICTURES, MIN_STYLE_PICTURES, Dataset
from gpu_tasks.training.dataset.encoding import encode
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.loop import open_threads
from gpu_tasks.training.networks.denoising import DenoisingLoss, Objective
from gpu_tasks.training.styles.base import Base
from gpu_tasks.training.styles.finetune import EXAMPLES, FinetuneRequest, finetune, split_dataset
from gpu_tasks.training.styles.inputs import GRID, TrainingInputs, TrainingOutcome

MAX_HELD_OUT = 8  # pictures for the grid's prompts that are not trained on
BATCHES, BATCH = 4, 16
SEED = 17  # of the noise for both losses


def train_style(inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome:
    """Fine-tune the stage's model. Raises a TrainingError, ModelUnavailable or SpotInterrupted."""
    order, settings = inputs.order, inputs.settings
    count = len(inputs.dataset.pictures)
    held_out = max(0, min(MAX_HELD_OUT, count // 5, count - MIN_STYLE_PICTURES))
    folder = locate(find_model(order.model).source, settings)
    defaults = FinetuneRequest(data=Path(), name="", run=Path(), out=Path())
    request = FinetuneRequest(
        data=inputs.dataset.folder,
        name=order.style,
        run=inputs.run,
        out=inputs.adapter,
        base=folder,
        model=order.model,
        steps=order.steps or defaults.steps,
        seed=order.seed,
        pictures=min(count - held_out, MAX_STYLE_PICTURES),
        hold_out=held_out,
        device=settings.device,
    )
    adapter = finetune(request, hooks=hooks)
    measured = Losses.of(Base.find(order.model, folder, settings.device))
    learned = Examples.open(inputs.run / EXAMPLES)
    figures = {
        "loss": measured.loss(learned, adapter),
        "loss_without": measured.loss(learned, None),
        "steps": request.steps,
        "pictures": request.pictures,
        "held_out": held_out,
    }
    if order.stable:
        _, unseen = split_dataset(inputs.dataset, request)
        figures |= compare(order, inputs, unseen, measured, adapter, learned)
    return TrainingOutcome(figures=figures, grid=adapter / GRID)


@dataclass(frozen=True)
class Losses:
    """Measures a model's mean loss, with and without adapters."""

    base: Base
    pipeline: Any
    adapters: AdapterCache

    @classmethod
    def of(cls, base: Base) -> Losses:
        """Load the model. Raises ModelUnavailable or ModelUntrainable."""
        pipeline = base.open()
        return cls(base, pipeline, base.adapters(pipeline))

    def loss(self, examples: Examples, adapter: Path | None) -> float:
        """Return the mean loss with an adapter's folder, or without one. Raises ModelUnavailable if the adapter is
        missing or for another model.
        """
        self.adapters.use(None if adapter is None else str(adapter))
        base = self.base
        objective = Objective(seed=SEED, batch=BATCH, recoloured=0.0, caption_dropout=0.0)
        calls = base.calls(BATCH)
        loss = DenoisingLoss(examples, self.pipeline, base.learning, objective, calls, base.device)
        return measure_loss(getattr(self.pipeline, base.denoiser), loss, calls)

    def encode(self, dataset: Dataset) -> Examples:
        """Encode the pictures of a dataset in the size of the model."""
        pixels = replace(dataset, size=self.base.side).pixels()
        return encode(dataset.pictures, pixels, self.pipeline, self.base.learning, recoloured=False)


def compare(
    order: TrainingOrder, inputs: TrainingInputs, unseen: Dataset, measured: Losses, adapter: Path, learned: Examples
) -> dict[str, Any]:
    """Return the losses of the new and the stable version, on the same pictures of the style with the same noise.

    The pictures are the held-out ones. A dataset that is too small to hold any out is compared on the learned pictures,
    which favours the new version: if it is worse even there, it is worse. Returns nothing if the stable version's
    adapter is missing or was trained for another model.
    """
    try:
        stable = locate(f"s3:{adapter_prefix(order.style, order.stable)}", inputs.settings)
        examples = measured.encode(unseen) if unseen.pictures else learned
        loss_stable = measured.loss(examples, stable)
        loss = measured.loss(examples, adapter)
    except ModelUnavailable:
        return {}
    return {"stable": order.stable, "style_loss": loss, "style_loss_stable": loss_stable}


@torch.no_grad()
def measure_loss(network: nn.Module, loss: DenoisingLoss, calls: int) -> float:
    """Return the mean loss of batches of `calls` calls. One thread computes it, so that losses are rounded alike."""
    places = [(step, part) for step in range(BATCHES) for part in range(calls)]
    with open_threads(1) as thread:
        values = list(thread.map(lambda place: loss(network.eval(), *place).item(), places))
    return math.fsum(values) / len(values)
