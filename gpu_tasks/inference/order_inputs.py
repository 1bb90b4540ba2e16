"""Drawing from orders, for all tools: the inputs of Diffusion, and the drawing of a prompt as it is."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, nextafter

from craftspark.errors import InvalidInput, ModelUnavailable
from craftspark.models.model import Model
from craftspark.styles.trainings import adapter_prefix
from craftspark.tools import find_tool
from craftspark.tools.presets import find_preset
from craftspark.tools.request import sides
from craftspark.tools.toss import Repeat
from gpu_tasks.images.drawing import Drawing, OnStep, make_drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch


def locate_adapter(order: ImageOrder, model: Model) -> str | None:
    """Return the location of the order's adapter, or None without a style. Raises ModelUnavailable. Only this function
    decides it.
    """
    if pin := order.pin:
        return f"s3:{adapter_prefix(pin.style, pin.version)}"
    name = order.request["style"]
    try:
        return None if name is None else model.style(name).source
    except InvalidInput as error:  # submission rejects unknown styles, so the worker has another catalogue
        raise ModelUnavailable(error.detail) from None


def build_settings(
    order: ImageOrder, model: Model, *, strength: float | None = None, repeat: Repeat | None = None
) -> DrawingSettings:
    """Return the settings of the order's drawings. A tool without a size uses the model's default. Raises
    ModelUnavailable.
    """
    request = order.request
    steps, strength = fit_schedule(request["steps"], strength)
    return DrawingSettings(
        size=sides(request.get("size") or model.default_size),
        steps=steps,
        guidance=request["guidance"],
        strength=strength,
        adapter=locate_adapter(order, model),
        repeat=repeat,
    )


def fit_schedule(steps: int, strength: float | None) -> tuple[int, float | None]:
    """Return the steps of the noise schedule and the strength with which at least one step is drawn.

    Pipelines draw the last `steps * strength` steps of the schedule, and reject less than one. Such a drawing gets a
    longer schedule, whose last step starts at the strength or just below. The time of one step is the same in each.
    """
    if strength is None or int(steps * strength):
        return steps, strength
    steps = ceil(1 / strength)
    strength = 1 / steps
    # Most pipelines round down the number of steps to draw, and some the number to skip.
    return steps, strength if int(steps * strength) else nextafter(strength, 1)


def build_sketch(order: ImageOrder, prompt: str | None = None) -> Sketch:
    """Return the sketch of an order, with the words of its preset. `prompt` replaces the order's own prompt."""
    request = order.request
    prompt = request["prompt"] if prompt is None else prompt
    negative_prompt = request["negative_prompt"]
    if name := request["preset"]:
        preset = find_preset(find_tool(order.tool).request.presets, name)
        prompt, negative_prompt = preset.prompt(prompt), preset.negative_prompt(negative_prompt)
    return Sketch(prompt=prompt, negative_prompt=negative_prompt, seed=order.seed)


def draw_prompts(diffusion: Diffusion, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
    """Return a drawing (3 channels) of each order's prompt, all with the settings of the first. Raises
    ModelUnavailable.
    """
    settings = build_settings(wave[0], diffusion.model)
    pictures = diffusion.draw([build_sketch(order) for order in wave], settings, on_step)
    return [make_drawing(pixels, order.seed) for pixels, order in zip(pictures, wave, strict=True)]


def check_subjects(diffusion: Diffusion, drawings: Sequence[Drawing], orders: Sequence[ImageOrder]) -> list[Drawing]:
    """Return the drawings, each with the score of its subject, and with a flaw if it does not show the prompt's."""
    return [
        check_subject(diffusion, drawing, order, order.request["prompt"])
        for drawing, order in zip(drawings, orders, strict=True)
    ]


def check_subject(diffusion: Diffusion, drawing: Drawing, order: ImageOrder, prompt: str) -> Drawing:
    """Return a drawing of this prompt with its score, and with a flaw if it does not show the subject.

    A drawing in a style has no score: the encoder knows only the model's own look.
    """
    check = diffusion.subject_check
    return check.judge(drawing, prompt) if check and locate_adapter(order, diffusion.model) is None else drawing
