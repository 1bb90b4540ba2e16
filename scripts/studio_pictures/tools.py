"""A picture for each tool: what it makes of a few words or of a source."""

from collections.abc import Callable

from PIL import Image, ImageDraw

from scripts.studio_pictures.layers import dash, fit, framed, lay, photo
from scripts.studio_pictures.service import Service

SIZE = (640, 480)
STYLE_SIDE = 224


def pattern(service: Service) -> Image.Image:
    """A tile, repeated over the whole picture."""
    tile, _ = service.image("pattern", 1, prompt="lemon", also=["cherry blossom"], background="#cdeadb")
    tile = tile.resize((320, 320), Image.Resampling.LANCZOS)
    picture = Image.new("RGBA", SIZE)
    for x in range(0, SIZE[0], 320):
        for y in range(-80, SIZE[1], 320):
            picture.paste(tile, (x, y))
    return picture


def clipart(service: Service) -> Image.Image:
    """Three stickers with their white borders."""
    picture = Image.new("RGBA", SIZE)
    for (prompt, index), place, side, turn in (
        (("rocket", 0), (455, 170), 250, -8),
        (("cupcake", 2), (185, 185), 270, 8),
        (("fox", 3), (335, 310), 290, -3),
    ):
        sticker, _ = service.image("clipart", index, "sticker.png", prompt=prompt, outline_mm=3)
        lay(picture, fit(sticker, side).rotate(turn, Image.Resampling.BICUBIC, expand=True), place)
    return picture


def variations(service: Service) -> Image.Image:
    """A source, and three versions of it behind one another."""
    source, name = service.image("picture", 2, prompt="tulip")
    picture = Image.new("RGBA", SIZE)
    for prompt, place, turn in (("red tulip", 500, 9), ("yellow tulip", 390, 4), ("purple tulip", 280, -1)):
        made, _ = service.image("variations", source=name, prompt=prompt, strength=0.9)
        lay(picture, photo(made, 215, turn), (place, 235))
    lay(picture, photo(source, 235, -6), (155, 245))
    return picture


def outpaint(service: Service) -> Image.Image:
    """A wide result, with a dashed frame around the source."""
    _, name = service.image("picture", 0, prompt="whale")
    made, _ = service.image("outpaint", source=name, aspect="16:9", prompt="")
    picture = Image.new("RGBA", SIZE)
    wide = fit(made, 540)
    lay(picture, framed(wide), (320, 240))
    side = wide.height
    dash(picture, (320 - side // 2, 240 - side // 2, 320 + side // 2, 240 + side // 2))
    return picture


def upscale(service: Service) -> Image.Image:
    """A detail, as it was on the left and enlarged on the right."""
    small, name = service.image("picture", 3, prompt="fox")
    large, _ = service.image("upscale", source=name, factor=4)
    left, top, right, bottom = 96, 180, 416, 420
    before = (
        small.crop((left, top, right, bottom))
        .resize((44, 33), Image.Resampling.BOX)
        .resize(SIZE, Image.Resampling.NEAREST)
    )
    after = large.crop((4 * left, 4 * top, 4 * right, 4 * bottom)).resize(SIZE, Image.Resampling.LANCZOS)
    picture = after.copy()
    picture.paste(before.crop((0, 0, SIZE[0] // 2, SIZE[1])), (0, 0))
    ImageDraw.Draw(picture).rectangle((SIZE[0] // 2 - 2, 0, SIZE[0] // 2 + 2, SIZE[1]), fill="white")
    return picture


def plain_picture(service: Service) -> Image.Image:
    """Three prints."""
    picture = Image.new("RGBA", SIZE)
    for prompt, index, place, turn in (
        ("bird", 1, (160, 225), -8),
        ("sunflower", 0, (485, 230), 7),
        ("koala", 2, (322, 255), -1),
    ):
        made, _ = service.image("picture", index, prompt=prompt)
        lay(picture, photo(made, 250, turn), place)
    return picture


def cutout(service: Service) -> Image.Image:
    """An object, and the frame of the picture that it was cut from."""
    _, name = service.image("picture", 3, prompt="lemon")
    made, _ = service.image("cutout", source=name)
    picture = Image.new("RGBA", SIZE)
    dash(picture, (135, 55, 505, 425))
    lay(picture, fit(made, 350), (320, 240))
    return picture


def lineart(service: Service) -> Image.Image:
    """Half a picture, and the lines of its other half."""
    source, name = service.image("picture", 3, prompt="fox")
    lines, _ = service.image("lineart", source=name)
    sheet = Image.new("RGBA", (430, 430), "white")
    sheet.paste(lines.resize((430, 430), Image.Resampling.LANCZOS))
    sheet.paste(source.resize((430, 430), Image.Resampling.LANCZOS).crop((0, 0, 215, 430)), (0, 0))
    picture = Image.new("RGBA", SIZE)
    lay(picture, framed(sheet), (320, 240))
    return picture


def sticker_sheet(service: Service) -> Image.Image:
    """A sheet of paper with stickers."""
    stickers = []
    for prompt, index, width in (("fox", 3, 60), ("cupcake", 2, 45), ("strawberry", 2, 40), ("whale", 0, 50)):
        _, name = service.image("clipart", index, prompt=prompt)
        stickers.append({"source": name, "width_mm": width})
    sheet, _ = service.image("sticker-sheet", stickers=stickers, fill=True, paper="a5")
    paper = Image.new("RGBA", sheet.size, "#e9e2f4")
    paper.alpha_composite(sheet)
    picture = Image.new("RGBA", SIZE)
    lay(picture, framed(fit(paper, 560)).rotate(-5, Image.Resampling.BICUBIC, expand=True), (320, 275))
    return picture


def style(name: str | None) -> Callable[[Service], Image.Image]:
    """The same subject in a style; None for the model's own look."""

    def draw(service: Service) -> Image.Image:
        made, _ = service.image("picture", 0, prompt="tulip", **({"style": name} if name else {}))
        return made.resize((STYLE_SIDE, STYLE_SIDE), Image.Resampling.LANCZOS)

    return draw
