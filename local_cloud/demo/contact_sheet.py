"""Draw a sheet with a row of pictures for each job, and a strip with one picture for each tool."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL, PAD, GAP, MARGIN, TITLE, LABEL = 150, 8, 12, 36, 34, 20
INK, SOFT, PAPER, LINE, CARD = "#2b2b33", "#8a8178", "#faf7f2", "#e4ddd2", "#ffffff"
CHECKERBOARD = ("#ffffff", "#dcdce4")
CHECKER_SIZE = 9


@dataclass(frozen=True)
class Cell:
    """A picture and its label. A checkerboard shows through where the picture is transparent."""

    picture: Image.Image
    label: str = ""


@dataclass(frozen=True)
class Row:
    """The pictures of a job, with the tool and a summary of the request as heading."""

    tool: str
    summary: str
    cells: Sequence[Cell] = field(default_factory=tuple)


def draw_contact_sheet(rows: Sequence[Row], path: Path) -> None:
    """Write a PNG with a row for each job. All pictures have the same height."""
    bold, small = ImageFont.load_default(19), ImageFont.load_default(13)
    images_by_row = [[(cell, fit_to_cell(cell.picture)) for cell in row.cells] for row in rows]
    width = 2 * MARGIN + max(sum(card_width(image) + GAP for _, image in images) for images in images_by_row) - GAP
    row_height = TITLE + CELL + 2 * PAD + LABEL + GAP
    sheet = Image.new("RGB", (width, 2 * MARGIN + len(rows) * row_height - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (row, images) in enumerate(zip(rows, images_by_row, strict=True)):
        left, top = MARGIN, MARGIN + number * row_height
        draw.text((left, top), row.tool, fill=INK, font=bold)
        draw.text((left + draw.textlength(row.tool, bold) + 12, top + 5), row.summary, fill=SOFT, font=small)
        draw_cards(sheet, images, left, top + TITLE)
    sheet.save(path)


def draw_tools_strip(rows: Sequence[Row], path: Path) -> None:
    """Write a PNG with one picture for each tool: the last picture of the tool's first row, with the tool's name."""
    first_rows = {row.tool: row for row in reversed(rows)}
    cells = [Cell(row.cells[-1].picture, row.tool) for row in rows if first_rows[row.tool] is row and row.cells]
    images = [(cell, fit_to_cell(cell.picture)) for cell in cells]
    width = 2 * MARGIN + sum(card_width(image) + GAP for _, image in images) - GAP
    strip = Image.new("RGB", (width, 2 * MARGIN + CELL + 2 * PAD + LABEL), PAPER)
    draw_cards(strip, images, MARGIN, MARGIN)
    strip.save(path)


def draw_cards(sheet: Image.Image, images: Sequence[tuple[Cell, Image.Image]], left: int, top: int) -> None:
    """Draw cells side by side, each as a card with its label below."""
    draw, small = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for cell, image in images:
        box = (left, top, left + card_width(image), top + CELL + 2 * PAD)
        draw.rounded_rectangle(box, radius=10, fill=CARD, outline=LINE)
        image_top = (box[1] + box[3] - image.height) // 2
        sheet.paste(flatten(image), (left + PAD, image_top))
        draw.text((left + PAD, box[3] + 4), cell.label, fill=SOFT, font=small)
        left = box[2] + GAP


def fit_to_cell(picture: Image.Image) -> Image.Image:
    """Resize to the height of a cell, but to no more than the width of three cells."""
    scale = min(CELL / picture.height, 3 * CELL / picture.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def card_width(image: Image.Image) -> int:
    return image.width + 2 * PAD


def flatten(image: Image.Image) -> Image.Image:
    """Convert to RGB, with a checkerboard behind transparent pixels."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    light, dark = CHECKERBOARD
    board = Image.new("RGB", image.size, light)
    draw = ImageDraw.Draw(board)
    for y in range(0, image.height, CHECKER_SIZE):
        for x in range(y // CHECKER_SIZE % 2 * CHECKER_SIZE, image.width, 2 * CHECKER_SIZE):
            draw.rectangle((x, y, x + CHECKER_SIZE - 1, y + CHECKER_SIZE - 1), fill=dark)
    board.paste(image, mask=image.getchannel("A"))
    return board
