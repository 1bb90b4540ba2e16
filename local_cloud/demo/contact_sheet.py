"""All pictures of a run on one sheet, a row for each job, and one picture for each tool on a strip."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL, PAD, GAP, MARGIN, TITLE, LABEL = 150, 8, 12, 36, 34, 20
INK, SOFT, PAPER, LINE, CARD = "#2b2b33", "#8a8178", "#faf7f2", "#e4ddd2", "#ffffff"
CHECKS = ("#ffffff", "#dcdce4")
CHECK = 9


@dataclass(frozen=True)
class Cell:
    """A picture, and a word below it where one is needed. It is shown over checks where it is transparent."""

    picture: Image.Image
    label: str = ""


@dataclass(frozen=True)
class Row:
    """What a job made. `tool` and `words` stand above it."""

    tool: str
    words: str
    cells: Sequence[Cell] = field(default_factory=tuple)


def contact_sheet(rows: Sequence[Row], path: Path) -> None:
    """Write a PNG with a titled row for each job; pictures have one height and their own widths."""
    bold, small = ImageFont.load_default(19), ImageFont.load_default(13)
    shown = [[(cell, fitted(cell.picture)) for cell in row.cells] for row in rows]
    width = 2 * MARGIN + max(sum(card_width(image) + GAP for _, image in row) for row in shown) - GAP
    tall = TITLE + CELL + 2 * PAD + LABEL + GAP
    sheet = Image.new("RGB", (width, 2 * MARGIN + len(rows) * tall - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (row, images) in enumerate(zip(rows, shown, strict=True)):
        left, top = MARGIN, MARGIN + number * tall
        draw.text((left, top), row.tool, fill=INK, font=bold)
        draw.text((left + draw.textlength(row.tool, bold) + 12, top + 5), row.words, fill=SOFT, font=small)
        draw_cards(sheet, images, left, top + TITLE)
    sheet.save(path)


def tools_strip(rows: Sequence[Row], path: Path) -> None:
    """Write a PNG with one picture for each tool in a line: the last one of the tool's first row, above its name."""
    first = {row.tool: row for row in reversed(rows)}
    cells = [Cell(row.cells[-1].picture, row.tool) for row in rows if first[row.tool] is row and row.cells]
    images = [(cell, fitted(cell.picture)) for cell in cells]
    width = 2 * MARGIN + sum(card_width(image) + GAP for _, image in images) - GAP
    strip = Image.new("RGB", (width, 2 * MARGIN + CELL + 2 * PAD + LABEL), PAPER)
    draw_cards(strip, images, MARGIN, MARGIN)
    strip.save(path)


def draw_cards(sheet: Image.Image, images: Sequence[tuple[Cell, Image.Image]], left: int, top: int) -> None:
    """Draw cells side by side, each image on a card with its label below."""
    draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for cell, image in images:
        box = (left, top, left + card_width(image), top + CELL + 2 * PAD)
        draw.rounded_rectangle(box, radius=10, fill=CARD, outline=LINE)
        middle = (box[1] + box[3] - image.height) // 2
        sheet.paste(on_checks(image), (left + PAD, middle))
        draw.text((left + PAD, box[3] + 4), cell.label, fill=SOFT, font=small)
        left = box[2] + GAP


def fitted(picture: Image.Image) -> Image.Image:
    """As high as a cell, or where that would be too wide, as wide as three."""
    scale = min(CELL / picture.height, 3 * CELL / picture.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def card_width(image: Image.Image) -> int:
    return image.width + 2 * PAD


def on_checks(image: Image.Image) -> Image.Image:
    """A transparent picture over a checkerboard."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    board = Image.new("RGB", image.size, CHECKS[0])
    draw = ImageDraw.Draw(board)
    for y in range(0, image.height, CHECK):
        for x in range(y // CHECK % 2 * CHECK, image.width, 2 * CHECK):
            draw.rectangle((x, y, x + CHECK - 1, y + CHECK - 1), fill=CHECKS[1])
    board.paste(image, mask=image.getchannel("A"))
    return board
