"""The training of a style as a task does it: fine-tuning, and figures that say whether it learned anything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.styles.trainings import TrainingOrder, adapter_prefix
from gpu_tasks.inference.adapters import WEIGHTS, Adapter
from gpu_tasks.inference.model_store import locate
from gpu_tasks.training.dataset.dataset import STYLE_LEAST, STYLE_MOST, Dataset
from gpu_tasks.training.dataset.examples import Examples, encode
from gpu_tasks.training.evaluation.evaluate import load_model
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.loop import side_by_side
from gpu_tasks.training.networks.unet import Objective, VelocityLoss
from gpu_tasks.training.styles.finetune import Finetuning, divided, finetune
from gpu_tasks.training.styles.lesson import GRID, Lesson, Outcome

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
    model: Any = load_model(base).to(settings.device)
    # The run's own, which the training has written.
    examples = Examples.cached(lesson.run / "examples.safetensors", [], torch.empty(0).numpy(), model)
    learned = loss_on(examples, model, settings.device)
    without, with_adapter = mean_loss(model.unet, learned), adapted(model, adapter, learned)
    figures = {
        "loss": with_adapter,
        "loss_without": without,
        "steps": asked.steps,
        "pictures": asked.pictures,
        "held_out": held_out,
    }
    if order.stable:
        _, unseen = divided(lesson.dataset, asked)
        figures |= compare(order, lesson, unseen, model, adapter, learned)
    return Outcome(figures=figures, grid=adapter / GRID)


def compare(
    order: TrainingOrder, lesson: Lesson, unseen: Dataset, model: Any, adapter: Path, learned: VelocityLoss
) -> dict[str, Any]:
    """The losses of the new version and of the stable one, on the same pictures of the style and the same noise.

    The pictures are those held out. A dataset too small to hold any out is compared by the pictures that were learned,
    which favours the new version: where it is worse even so, it is worse. None where the stable version's adapter is
    gone or was trained for another model.
    """
    device = lesson.settings.device
    try:
        stable = locate(f"s3:{adapter_prefix(order.style, order.stable)}", lesson.settings)
        fits = Adapter.open(stable).unet_sha256 == Adapter.open(adapter).unet_sha256
    except ModelUnavailable:
        return {}
    if not fits:
        return {}
    loss = learned
    if unseen.pictures:
        examples = encode(unseen.pictures, unseen.pixels(), model)
        loss = loss_on(examples, model, device)
    return {
        "stable": order.stable,
        "style_loss": adapted(model, adapter, loss),
        "style_loss_stable": adapted(model, stable, loss),
    }


def loss_on(examples: Examples, model: Any, device: str) -> VelocityLoss:
    objective = Objective(seed=SEED, batch=BATCH, recoloured=0.0, caption_dropout=0.0)
    return VelocityLoss(examples, model.scheduler, objective, 1, device)


def adapted(model: Any, adapter: Path, loss: VelocityLoss) -> float:
    """The mean loss with an adapter, which is taken off again."""
    model.load_lora_weights(adapter, weight_name=WEIGHTS, local_files_only=True)
    try:
        return mean_loss(model.unet, loss)
    finally:
        model.unload_lora_weights()


@torch.no_grad()
def mean_loss(network: nn.Module, loss: VelocityLoss) -> float:
    """One thread, so that both are rounded alike."""
    with side_by_side(1) as thread:
        values = list(thread.map(lambda step: loss(network.eval(), step, 0).item(), range(BATCHES)))
    return math.fsum(values) / BATCHES
