"""All pictures of a run on one sheet, under the words they were made from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL, GAP, MARGIN, TITLE = 144, 12, 32, 34
INK, PAPER, LINE = "#2b2b33", "#faf7f2", "#e4ddd2"
FONT_SIZE = 18


def contact_sheet(pictures: Mapping[str, Sequence[Path]], path: Path, *, columns: int = 8) -> None:
    """Write a PNG with one titled row of pictures a prompt, on white cards."""
    font = ImageFont.load_default(FONT_SIZE)
    rows = [
        (title, paths[start : start + columns])
        for title, paths in pictures.items()
        for start in range(0, len(paths), columns)
    ]
    widest = max((len(paths) for _, paths in rows), default=1)
    width = 2 * MARGIN + widest * (CELL + GAP) - GAP
    height = 2 * MARGIN + len(rows) * (TITLE + CELL + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (title, paths) in enumerate(rows):
        top = MARGIN + number * (TITLE + CELL + GAP)
        draw.text((MARGIN, top), title, fill=INK, font=font)
        for column, picture in enumerate(paths):
            left = MARGIN + column * (CELL + GAP)
            box = (left, top + TITLE, left + CELL, top + TITLE + CELL)
            draw.rounded_rectangle(box, radius=10, fill="white", outline=LINE)
            with Image.open(picture) as image:
                image.thumbnail((CELL - 16, CELL - 16))
                offset = (box[0] + (CELL - image.width) // 2, box[1] + (CELL - image.height) // 2)
                sheet.paste(image, offset)
    sheet.save(path)
