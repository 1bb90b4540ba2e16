"""A picture for each value of a field that is better seen than read: `value-<field>-<value>`.

All values of a field have the same subject where the model allows, so that only the value makes the difference.
"""

import io
import re
from collections.abc import Callable
from itertools import product
from typing import Any

from PIL import Image
from resvg_py import svg_to_bytes

from scripts.studio_pictures.layers import fit
from scripts.studio_pictures.service import Service

SIDE = 224
MARGIN = 12
GROUND = "#cdeadb"
Draw = Callable[[Service], Image.Image]

# One motif on each tile shows how the tiles lie.
ONE_MOTIF = {"size": 0.5, "size_spread": 0, "rotation": 0, "density": 0.01}


def repeated(across: float, **request: Any) -> Draw:
    """A pattern on the whole picture: `across` of its tiles fit next to each other."""

    def draw(service: Service) -> Image.Image:
        tile, _ = service.image("pattern", **request)
        width = round(SIDE / across)
        tile = tile.resize((width, round(tile.height * width / tile.width)), Image.Resampling.LANCZOS)
        picture = Image.new("RGBA", (SIDE, SIDE), "white")
        top = (SIDE - tile.height) // 2
        rows = range(top - SIDE // tile.height * tile.height, SIDE, tile.height)
        for x, y in product(range(-width // 2, SIDE, width) if across > 1 else [0], rows):
            picture.paste(tile, (x, y))
        return picture

    return draw


def tossed(repeat: str, across: float) -> Draw:
    return repeated(across, prompt="lemon", background=GROUND, repeat=repeat, toss=ONE_MOTIF)


def row(service: Service) -> Image.Image:
    """Two tiles that repeat only in a row."""
    return _strip(service, "x", horizontal=True)


def column(service: Service) -> Image.Image:
    """Two tiles that repeat only in a column."""
    return _strip(service, "y", horizontal=False)


def _strip(service: Service, repeat: str, *, horizontal: bool) -> Image.Image:
    tile, _ = service.image("pattern", prompt="leaf", way="painted", repeat=repeat)
    tile = fit(tile, SIDE // 2)
    picture = Image.new("RGBA", (SIDE, SIDE), "white")
    for place in (0, SIDE // 2):
        picture.paste(tile, (place, SIDE // 4) if horizontal else (SIDE // 4, place))
    return picture


def of_fox(**request: Any) -> Draw:
    """A pattern that starts from the picture of a fox."""

    def draw(service: Service) -> Image.Image:
        return repeated(1.5, source=_fox(service), **request)(service)

    return draw


def lines(detail: str) -> Draw:
    def draw(service: Service) -> Image.Image:
        made, _ = service.image("lineart", source=_fox(service), detail=detail, line_mm=1.2)
        return made.resize((SIDE, SIDE), Image.Resampling.LANCZOS)

    return draw


def cut(*, lifted: int = 0, **request: Any) -> Draw:
    """The layers of a cut file, each of them so many pixels above the one before."""

    def draw(service: Service) -> Image.Image:
        data, _ = service.file("clipart", 0, "cut.svg", prompt="fox", **request)
        svg = data.decode()
        head = svg[: svg.index(">", svg.index("<svg")) + 1]
        layers = re.findall(r"<path fill=.*?/>", svg)
        picture = Image.new("RGBA", (SIDE, SIDE))
        rise = lifted * (len(layers) - 1)
        for index, layer in enumerate(layers):
            drawn = fit(_rasterise(f"{head}{layer}</svg>"), SIDE - 2 * MARGIN - rise)
            place = ((SIDE - drawn.width) // 2, (SIDE - drawn.height + rise) // 2 - lifted * index)
            shadow = Image.new("RGBA", drawn.size, "#18261e")
            shadow.putalpha(drawn.getchannel("A").point([value // 3 if lifted else 0 for value in range(256)]))
            picture.alpha_composite(shadow, (place[0], place[1] + 2))
            picture.alpha_composite(drawn, place)
        return picture

    return draw


def holes(value: str) -> Draw:
    """A cut-out on the ground of the patterns, which is seen through its holes."""

    def draw(service: Service) -> Image.Image:
        _, source = service.image("picture", 0, prompt="doughnut")
        made, _ = service.image("cutout", source=source, holes=value)
        picture = Image.new("RGBA", (SIDE, SIDE), GROUND)
        motif = fit(made, SIDE - MARGIN)
        picture.alpha_composite(motif, ((SIDE - motif.width) // 2, (SIDE - motif.height) // 2))
        return picture

    return draw


def marks(value: str) -> Draw:
    """A sheet to print with its marks."""

    def draw(service: Service) -> Image.Image:
        sheet = {"width": 8, "height": 8, "repeat": 4, "marks": value}
        made, _ = service.image("pattern", 0, "sheet.png", prompt="lemon", sheet=sheet)
        picture = Image.new("RGBA", (SIDE, SIDE), "white")
        page = fit(made, SIDE if value != "none" else SIDE * 3 // 4)
        picture.alpha_composite(page, ((SIDE - page.width) // 2, (SIDE - page.height) // 2))
        return picture

    return draw


def _fox(service: Service) -> str:
    return service.image("picture", 3, prompt="fox")[1]


def _rasterise(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(bytes(svg_to_bytes(svg_string=svg, width=4 * SIDE, dpi=96, skip_system_fonts=True))))


CHOICES: dict[str, Draw] = {
    "value-repeat-straight": tossed("straight", 3),
    "value-repeat-half-drop": tossed("half-drop", 1.5),
    "value-repeat-brick": tossed("brick", 3),
    "value-repeat-mirror": repeated(1, prompt="tulip", way="painted", repeat="mirror"),
    "value-repeat-x": row,
    "value-repeat-y": column,
    "value-way-tossed": repeated(1.5, prompt="strawberry", background=GROUND),
    "value-way-painted": repeated(1.5, prompt="strawberry", way="painted"),
    "value-source_use-picture": of_fox(background=GROUND),
    "value-source_use-palette": of_fox(prompt="lemon", background=GROUND, source_use="palette"),
    "value-detail-low": lines("low"),
    "value-detail-medium": lines("medium"),
    "value-detail-high": lines("high"),
    "value-cut-colours": cut(colours=4),
    "value-cut-outline": cut(cut="outline"),
    "value-layers-stacked": cut(lifted=9, colours=4),
    "value-layers-knockout": cut(lifted=9, colours=4, layers="knockout"),
    "value-holes-keep": holes("keep"),
    "value-holes-cut": holes("cut"),
    "value-marks-none": marks("none"),
    "value-marks-crop": marks("crop"),
    "value-marks-registration": marks("registration"),
}
