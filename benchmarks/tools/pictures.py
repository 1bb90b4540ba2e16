"""The pictures that makers may bring, for the measurements of all tools that start from one.

They are licensed drawings that the built-in model was not trained on, on all kinds of grounds; repeats; textures; and
scenes that look like photographs. Sizes are 64 to 2000 pixels.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image

from benchmarks.tools import scenes
from benchmarks.tools.orders import build_image_order, load_built_in, render_orders
from benchmarks.tools.scenes import Values
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.dataset.emoji import Icon, read_icons

Ground = Literal["plain", "clear", "soft", "repeat", "texture", "scene"]
SET = "noto"  # Apache-2.0. The built-in model was trained on another set.
DRAWN = ("red apple", "cat face", "sunflower", "birthday cake", "fish", "mushroom", "rocket", "teapot")


@dataclass(frozen=True, kw_only=True)
class BenchPicture:
    """A picture (height, width, 3 or 4). `ground` is what surrounds its objects, or fills it without any.

    `soft` is a smooth gradient or grain. `things` is the number of its objects, None where nobody could count them.
    `shows` is a prompt that names what it shows.
    """

    name: str
    pixels: Pixels
    ground: Ground
    things: int | None
    shows: str


@cache
def load_pictures() -> tuple[BenchPicture, ...]:
    """All pictures except those of the model. Raises SourceUnavailable if the drawings cannot be installed."""
    return (*build_drawings(), *build_repeats(), *build_textures(), *build_scenes())


@cache
def draw_pictures() -> tuple[BenchPicture, ...]:
    """Pictures that the built-in model draws: one object on a white ground each."""
    orders = [build_image_order("picture", 11, prompt=prompt) for prompt in DRAWN]
    drawings = render_orders(load_built_in(), *orders)
    return tuple(
        BenchPicture(name=f"drawn {prompt}", pixels=drawing.pixels, ground="plain", things=1, shows=prompt)
        for prompt, drawing in zip(DRAWN, drawings, strict=True)
    )


def build_drawings() -> list[BenchPicture]:
    icons = {icon.picture.name: icon for icon in read_icons(SET)}

    def compose(
        shows: str, ground: Ground, under: Values | None, size: tuple[int, int], share: float = 0.7
    ) -> BenchPicture:
        """One object in the middle, over a ground or over nothing. Its side is a share of the picture's shorter one."""
        layer = Image.new("RGBA", size)
        paste(layer, icons[shows], round(share * min(size)), (0.5, 0.5))
        pixels = np.asarray(layer) if under is None else flatten(layer, under)
        name = f"{shows}, {ground} {size[0]}x{size[1]}"
        return BenchPicture(name=name, pixels=pixels, ground=ground, things=1, shows=shows)

    return [
        compose("owl", "plain", scenes.plain(64, 64), (64, 64)),
        compose("red apple", "plain", scenes.plain(128, 128), (128, 128)),
        compose("cat face", "plain", scenes.plain(600, 400), (600, 400)),
        compose("rocket", "plain", scenes.plain(400, 640, (44, 74, 124)), (400, 640)),
        compose("elephant", "plain", scenes.plain(1600, 1200, (250, 247, 240)), (1600, 1200)),
        compose("sailboat", "clear", None, (512, 512)),
        compose("butterfly", "clear", None, (300, 200)),
        compose("crown", "clear", None, (2000, 1000)),
        compose("teapot", "soft", scenes.gradient(800, 600), (800, 600)),
        compose("mushroom", "soft", scenes.paper(700, 700), (700, 700)),
        compose("tulip", "soft", scenes.vignette(1000, 1000), (1000, 1000)),
        compose("robot", "scene", scenes.room(640, 480), (640, 480)),
        # The object meets the edges.
        compose("tropical fish", "plain", scenes.plain(320, 320, (255, 244, 214)), (320, 320), share=1.15),
        build_row(icons, ("lemon", "banana", "grapes"), (900, 300)),
    ]


def build_row(icons: Mapping[str, Icon], names: tuple[str, ...], size: tuple[int, int]) -> BenchPicture:
    layer = Image.new("RGBA", size)
    for number, name in enumerate(names):
        paste(layer, icons[name], round(0.8 * size[1]), ((number + 0.5) / len(names), 0.5))
    pixels = flatten(layer, scenes.plain(*size))
    return BenchPicture(
        name="row of fruit, plain 900x300", pixels=pixels, ground="plain", things=len(names), shows="fruit"
    )


def build_repeats() -> list[BenchPicture]:
    made: list[tuple[Callable[[int, int], Values], str, tuple[int, int]]] = [
        (scenes.stripes, "diagonal stripes", (480, 320)),
        (scenes.dots, "blue dots", (400, 400)),
        (scenes.gingham, "green gingham", (640, 426)),
        (scenes.ruled, "squared paper", (750, 500)),
        (scenes.bricks, "brick wall", (360, 540)),
    ]
    return [build_scene(build, shows, size, "repeat") for build, shows, size in made]


def build_textures() -> list[BenchPicture]:
    return [
        build_scene(scenes.gradient, "pastel gradient", (256, 256), "soft"),
        build_scene(scenes.paper, "paper", (333, 777), "soft"),
        build_scene(scenes.wood, "wood", (640, 640), "texture"),
        build_scene(scenes.grass, "grass", (500, 500), "texture"),
        build_scene(scenes.clouds, "clouds", (512, 384), "texture"),
    ]


def build_scenes() -> list[BenchPicture]:
    return [
        build_scene(scenes.hills, "hills", (1024, 683), "scene"),
        build_scene(scenes.sunset, "sunset over the sea", (800, 1200), "scene"),
        build_scene(scenes.lights, "lights at night", (900, 600), "scene"),
        build_scene(scenes.balls, "three balls on a table", (768, 512), "scene", things=3),
        build_scene(scenes.blossom, "pink flower", (1200, 800), "scene", things=1),
    ]


def build_scene(
    build: Callable[[int, int], Values], shows: str, size: tuple[int, int], ground: Ground, things: int | None = None
) -> BenchPicture:
    pixels = to_pixels(build(*size))
    return BenchPicture(
        name=f"{shows}, {ground} {size[0]}x{size[1]}", pixels=pixels, ground=ground, things=things, shows=shows
    )


def paste(layer: Image.Image, icon: Icon, side: int, place: tuple[float, float]) -> None:
    """Put a drawing with its centre at a place, given in shares of the width and the height."""
    drawing = Image.open(io.BytesIO(icon.png(side)))
    left, top = (round(share * whole - side / 2) for share, whole in zip(place, layer.size, strict=True))
    whole = Image.new("RGBA", layer.size)
    whole.paste(drawing, (left, top))
    layer.alpha_composite(whole)


def flatten(layer: Image.Image, under: Values) -> Pixels:
    pixels = np.asarray(layer).astype(float)
    return to_pixels(scenes.mix(under, pixels[..., :3], pixels[..., 3] / 255))


def to_pixels(values: Values) -> Pixels:
    return values.round().clip(0, 255).astype(np.uint8)
