"""The same request and seed give the same pixels: in a wave of one, with other images, and at every place of a wave.

There is one case for each use of the networks: from noise, on a torus, from a picture, and into a part of a picture.
"""

import json
from typing import Any

import numpy as np
import pytest

from craftspark.tools.sources import Source
from gpu_tasks.images.isolation import WaveStopped
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.renderers import RENDERERS
from gpu_tasks.renderers.tool_renderers import Surroundings, ToolRenderers, build_renderers
from tests.gpu.rendering import MODEL, SETTINGS, an_order_of, render, studio_with

SUBJECTS = ("sunflower", "red apple", "cat face", "bee")
SIDE = 96


def a_picture(number: int) -> Pixels:
    """A disc with a place and a colour that depend on the number."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)
    pixels[np.hypot(x - 0.4 - number / 20, y - 0.5) < 0.3] = (220 - 40 * number, 40, 60 + 40 * number)
    return pixels


def fetch(source: Source) -> bytes:
    return encode_file(Png(pixels=a_picture(int(source.key))))


def orders_of(tool: str, fields: dict[str, Any]) -> list[ImageOrder]:
    orders = []
    for number, subject in enumerate(SUBJECTS):
        reference = f"upload/{'abcd'[number] * 26}"
        source = Source(reference=reference, bucket="uploads", key=str(number), width=SIDE, height=SIDE, alpha=False)
        begins = fields.get("source", False)
        body = {**fields, "prompt": subject, **({"source": reference} if begins else {})}
        orders.append(an_order_of(tool, 40 + number, json.dumps(body), *([source] if begins else [])))
    return orders


@pytest.fixture(scope="module")
def by() -> ToolRenderers:
    return studio_with(fetch)


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("picture", {"steps": 2, "style": "bold-flat"}),
        ("pattern", {"steps": 2, "way": "painted", "repeat": "half-drop"}),
        ("variations", {"steps": 2, "strength": 0.5, "source": True}),
        ("outpaint", {"steps": 2, "aspect": "2:1", "prompt": "apple", "source": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_an_image_is_the_same_alone_and_at_every_place_of_a_wave(
    by: ToolRenderers, tool: str, fields: dict[str, Any]
) -> None:
    orders = orders_of(tool, fields)
    assert len(orders) == MODEL.wave_size

    together = render(*orders, by=by)
    turned = render(*orders[1:], orders[0], by=by)
    alone = render(orders[2], by=by)

    for one, other in zip(together, [turned[-1], *turned[:-1]], strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    np.testing.assert_array_equal(alone[0].pixels, together[2].pixels)
    assert len({drawn.pixels.tobytes() for drawn in together}) == len(orders)


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("picture", {"steps": 4, "style": "bold-flat"}),
        ("pattern", {"steps": 4, "way": "painted", "repeat": "half-drop"}),
    ],
    ids=["picture", "pattern"],
)
def test_a_wave_that_stopped_has_the_same_pixels_after_other_images(
    by: ToolRenderers, tool: str, fields: dict[str, Any]
) -> None:
    orders = orders_of(tool, fields)
    undisturbed = render(*orders, by=by)

    def stop(share: float) -> None:
        if share >= 0.5:
            raise WaveStopped

    with pytest.raises(WaveStopped):
        by.render(orders, stop)
    render(*orders_of("picture", {"steps": 2}), by=by)

    for one, other in zip(undisturbed, render(*orders, by=by), strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_on_a_gpu_an_image_has_no_neighbours_in_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU, rounding also depends on the place in a call, so each call draws one image."""
    monkeypatch.setattr(
        "gpu_tasks.renderers.tool_renderers.RENDERERS", {"picture": RENDERERS["picture"]}
    )  # loads no other
    calls: list[int] = []
    pipeline = load_pipeline(MODEL, SETTINGS)
    pipeline.unet.register_forward_pre_hook(lambda _, given: calls.append(len(given[0])))

    monkeypatch.setattr("gpu_tasks.renderers.tool_renderers.name_device", lambda _device: "A10G")
    on_gpu = build_renderers(pipeline, MODEL, Surroundings.of(fetch, SETTINGS))
    calls.clear()
    render(*orders_of("picture", {"steps": 1})[:2], by=on_gpu)

    assert on_gpu.wave_size == 1
    # With the prompt and without it. One step can miss the subject, and is then drawn again.
    assert len(calls) >= 2
    assert {*calls} == {2}
