"""The training of a style as a task does it: fine-tuning, and figures that say whether it learned anything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from craftspark.catalogue import find_model
from gpu_tasks.adapters import WEIGHTS
from gpu_tasks.model_store import locate
from gpu_tasks.training.dataset import STYLE_LEAST, STYLE_MOST
from gpu_tasks.training.evaluate import load_model
from gpu_tasks.training.examples import Examples
from gpu_tasks.training.finetune import Finetuning, finetune
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.job import GRID, Lesson, Outcome
from gpu_tasks.training.loop import side_by_side
from gpu_tasks.training.unet import Objective, VelocityLoss

HELD_OUT_MOST = 8  # pictures that the grid asks for and the training has not seen
BATCHES, BATCH = 4, 16
SEED = 17  # of the noise that both losses are measured with


def train_style(lesson: Lesson, hooks: Hooks) -> Outcome:
    """Fine-tune the stage's model; raises a TrainingError, ModelUnavailable or SpotInterrupted."""
    order, settings = lesson.order, lesson.settings
    count = len(lesson.dataset.pictures)
    held_out = max(0, min(HELD_OUT_MOST, count // 5, count - STYLE_LEAST))
    base = locate(find_model(order.model).source, settings)
    defaults = Finetuning(data=Path(), name="", run=Path(), out=Path())
    asked = Finetuning(
        data=lesson.dataset.folder,
        name=order.style,
        run=lesson.run,
        out=lesson.adapter,
        base=base,
        steps=order.steps or defaults.steps,
        seed=order.seed,
        pictures=min(count - held_out, STYLE_MOST),
        hold_out=held_out,
        device=settings.device,
    )
    adapter = finetune(asked, say=lambda line: print(line, flush=True), hooks=hooks)
    figures = {**losses(lesson.run, base, adapter, settings.device), "steps": asked.steps, "pictures": asked.pictures}
    return Outcome(figures=figures, grid=adapter / GRID)


def losses(run: Path, base: Path, adapter: Path, device: str) -> dict[str, float]:
    """The loss on the pictures that were learned, with the adapter and without, on the same noise."""
    model: Any = load_model(base).to(device)
    # The run's own, which the training has written.
    examples = Examples.cached(run / "examples.safetensors", [], torch.empty(0).numpy(), model)
    objective = Objective(seed=SEED, batch=BATCH, recoloured=0.0, caption_dropout=0.0)
    loss = VelocityLoss(examples, model.scheduler, objective, 1, device)
    without = mean_loss(model.unet, loss)
    model.load_lora_weights(adapter, weight_name=WEIGHTS, local_files_only=True)
    return {"loss": mean_loss(model.unet, loss), "loss_without": without}


@torch.no_grad()
def mean_loss(network: nn.Module, loss: VelocityLoss) -> float:
    """One thread, so that both are rounded alike."""
    with side_by_side(1) as thread:
        values = list(thread.map(lambda step: loss(network.eval(), step, 0).item(), range(BATCHES)))
    return math.fsum(values) / BATCHES
