"""What an order asks of the model, whichever tool it is for."""

from __future__ import annotations

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.catalogue import Model
from craftspark.styles.trainings import adapter_prefix
from craftspark.tools import find_tool
from craftspark.tools.presets import find_preset
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference.diffusion import Settings, Sketch


def adapter_source(order: ImageOrder, model: Model) -> str | None:
    """Where the adapter for this order lies, if it wants one; raises ModelUnavailable. Nothing else decides it."""
    if pin := order.pin:
        return f"s3:{adapter_prefix(pin.style, pin.version)}"
    name = order.request["style"]
    try:
        return None if name is None else model.style(name).source
    except InvalidInput as error:  # a maker is refused at submission; here the worker's catalogue is another
        raise ModelUnavailable(error.detail) from None


def settings_of(order: ImageOrder, model: Model, *, strength: float | None = None) -> Settings:
    """The settings of the order's drawings, for a tool without a size in the model's own; raises ModelUnavailable."""
    request = order.request
    return Settings(
        size=size_of(request.get("size") or model.default_size),
        steps=request["steps"],
        guidance=request["guidance"],
        strength=strength,
        adapter=adapter_source(order, model),
    )


def sketch_of(order: ImageOrder, prompt: str | None = None) -> Sketch:
    """What the order asks to draw, with the words of its preset; `prompt` takes the place of its own."""
    request = order.request
    prompt = request["prompt"] if prompt is None else prompt
    negative_prompt = request["negative_prompt"]
    if name := request["preset"]:
        preset = find_preset(find_tool(order.tool).request.presets, name)
        prompt, negative_prompt = preset.prompt(prompt), preset.negative_prompt(negative_prompt)
    return Sketch(prompt=prompt, negative_prompt=negative_prompt, seed=order.seed)


def size_of(text: str) -> tuple[int, int]:
    """(width, height) of "640x480"."""
    width, height = text.split("x")
    return int(width), int(height)
