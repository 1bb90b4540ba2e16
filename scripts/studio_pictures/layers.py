"""How images are laid on a picture: scaled, framed, with a shadow or a dashed frame."""

from PIL import Image, ImageDraw, ImageFilter

INK = (24, 38, 34, 255)
THREAD = (194, 24, 91, 255)


def fit(picture: Image.Image, side: int) -> Image.Image:
    """The picture with this length of its longer side."""
    factor = side / max(picture.size)
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def photo(picture: Image.Image, side: int, turn: float) -> Image.Image:
    """A print with a white margin, turned by some degrees."""
    sheet = Image.new("RGBA", (side, side), "white")
    sheet.alpha_composite(fit(picture, side - 16), (8, 8))
    return framed(sheet).rotate(turn, Image.Resampling.BICUBIC, expand=True)


def framed(picture: Image.Image, radius: int = 12) -> Image.Image:
    """The picture with round corners, on a transparent border for its shadow."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), radius, fill=255)
    result = Image.new("RGBA", picture.size)
    result.paste(picture, mask=mask)
    return result


def lay(picture: Image.Image, layer: Image.Image, centre: tuple[int, int]) -> None:
    """Lay a layer with a soft shadow on the picture."""
    place = (centre[0] - layer.width // 2, centre[1] - layer.height // 2)
    shadow = Image.new("RGBA", picture.size)
    shade = Image.new("RGBA", layer.size, INK)
    shade.putalpha(layer.getchannel("A").point([value // 4 for value in range(256)]))
    shadow.paste(shade, (place[0], place[1] + 6), shade)
    picture.alpha_composite(shadow.filter(ImageFilter.GaussianBlur(8)))
    whole = Image.new("RGBA", picture.size)
    whole.paste(layer, place, layer)
    picture.alpha_composite(whole)


def dash(picture: Image.Image, box: tuple[int, int, int, int], dash: int = 14, gap: int = 9) -> None:
    """Draw a dashed frame, as of a running stitch."""
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = box
    for start in range(left, right, dash + gap):
        for y in (top, bottom):
            draw.line((start, y, min(start + dash, right), y), fill=THREAD, width=5)
    for start in range(top, bottom, dash + gap):
        for x in (left, right):
            draw.line((x, start, x, min(start + dash, bottom)), fill=THREAD, width=5)
