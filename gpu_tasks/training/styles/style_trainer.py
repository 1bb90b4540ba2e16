"""The training of a style in a task: fine-tuning, and figures that show how much was learned."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.styles.messages import TrainingOrder
from craftspark.styles.trainings import adapter_prefix
from gpu_tasks.inference.adapters import WEIGHTS, Adapter
from gpu_tasks.inference.model_store import locate, open_pipeline
from gpu_tasks.training.dataset.dataset import MAX_STYLE_PICTURES, MIN_STYLE_PICTURES, Dataset
from gpu_tasks.training.dataset.examples import Examples, encode
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.loop import open_threads
from gpu_tasks.training.networks.unet import Objective, VelocityLoss
from gpu_tasks.training.styles.finetune import FinetuneRequest, finetune, split_dataset
from gpu_tasks.training.styles.inputs import GRID, TrainingInputs, TrainingOutcome

MAX_HELD_OUT = 8  # pictures for the grid's prompts that are not trained on
BATCHES, BATCH = 4, 16
SEED = 17  # of the noise for both losses


def train_style(inputs: TrainingInputs, hooks: Hooks) -> TrainingOutcome:
    """Fine-tune the stage's model. Raises a TrainingError, ModelUnavailable or SpotInterrupted."""
    order, settings = inputs.order, inputs.settings
    count = len(inputs.dataset.pictures)
    held_out = max(0, min(MAX_HELD_OUT, count // 5, count - MIN_STYLE_PICTURES))
    base = locate(find_model(order.model).source, settings)
    defaults = FinetuneRequest(data=Path(), name="", run=Path(), out=Path())
    request = FinetuneRequest(
        data=inputs.dataset.folder,
        name=order.style,
        run=inputs.run,
        out=inputs.adapter,
        base=base,
        steps=order.steps or defaults.steps,
        seed=order.seed,
        pictures=min(count - held_out, MAX_STYLE_PICTURES),
        hold_out=held_out,
        device=settings.device,
    )
    adapter = finetune(request, hooks=hooks)
    model: Any = open_pipeline(base).to(settings.device)
    # The file that the training has written.
    examples = Examples.load_or_encode(inputs.run / "examples.safetensors", [], torch.empty(0).numpy(), model)
    learned = build_loss(examples, model, settings.device)
    without, with_adapter = measure_loss(model.unet, learned), measure_with_adapter(model, adapter, learned)
    figures = {
        "loss": with_adapter,
        "loss_without": without,
        "steps": request.steps,
        "pictures": request.pictures,
        "held_out": held_out,
    }
    if order.stable:
        _, unseen = split_dataset(inputs.dataset, request)
        figures |= compare(order, inputs, unseen, model, adapter, learned)
    return TrainingOutcome(figures=figures, grid=adapter / GRID)


def compare(
    order: TrainingOrder, inputs: TrainingInputs, unseen: Dataset, model: Any, adapter: Path, learned: VelocityLoss
) -> dict[str, Any]:
    """Return the losses of the new and the stable version, on the same pictures of the style with the same noise.

    The pictures are the held-out ones. A dataset that is too small to hold any out is compared on the learned pictures,
    which favours the new version: if it is worse even there, it is worse. Returns nothing if the stable version's
    adapter is missing or was trained for another model.
    """
    device = inputs.settings.device
    try:
        stable = locate(f"s3:{adapter_prefix(order.style, order.stable)}", inputs.settings)
        fits = Adapter.open(stable).denoiser_sha256 == Adapter.open(adapter).denoiser_sha256
    except ModelUnavailable:
        return {}
    if not fits:
        return {}
    loss = learned
    if unseen.pictures:
        examples = encode(unseen.pictures, unseen.pixels(), model)
        loss = build_loss(examples, model, device)
    return {
        "stable": order.stable,
        "style_loss": measure_with_adapter(model, adapter, loss),
        "style_loss_stable": measure_with_adapter(model, stable, loss),
    }


def build_loss(examples: Examples, model: Any, device: str) -> VelocityLoss:
    objective = Objective(seed=SEED, batch=BATCH, recoloured=0.0, caption_dropout=0.0)
    return VelocityLoss(examples, model.scheduler, objective, 1, device)


def measure_with_adapter(model: Any, adapter: Path, loss: VelocityLoss) -> float:
    """Return the mean loss with an adapter, which is unloaded afterwards."""
    model.load_lora_weights(adapter, weight_name=WEIGHTS, local_files_only=True)
    try:
        return measure_loss(model.unet, loss)
    finally:
        model.unload_lora_weights()


@torch.no_grad()
def measure_loss(network: nn.Module, loss: VelocityLoss) -> float:
    """Return the mean loss, computed on one thread so that both losses are rounded alike."""
    with open_threads(1) as thread:
        values = list(thread.map(lambda step: loss(network.eval(), step, 0).item(), range(BATCHES)))
    return math.fsum(values) / BATCHES
