"""Save the pictures of the demo's jobs and arrange them as rows of the contact sheet."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import resvg_py
from PIL import Image, ImageChops, ImageFilter

from craftspark.tools import find_tool
from local_cloud.demo.api import JobView, download
from local_cloud.demo.contact_sheet import Cell, Row
from local_cloud.demo.jobs import DemoJob

# A sticker's border is white: a grey ground shows it.
GROUND = "#d8dce0"
LINE, LINE_PIXELS = "#d6006c", 7

# The paths of an image's files by name. The image is `picture.png`.
Files = dict[str, Path]


def save(demo_job: DemoJob, job: JobView, folder: Path) -> list[Files]:
    """Download every finished image and its other files from their presigned URLs."""
    saved = []
    for image in job["images"]:
        if image["state"] == "done":
            urls = {"picture.png": image["url"], **image.get("files", {})}
            paths = {name: folder / f"{demo_job.tool}-{demo_job.name}-{image['index']}-{name}" for name in urls}
            paths["picture.png"] = folder / f"{demo_job.tool}-{demo_job.name}-{image['index']}.png"
            for name, url in urls.items():
                paths[name].write_bytes(download(url))
            saved.append(paths)
    return saved


def build_row(demo_job: DemoJob, saved: Mapping[str, Sequence[Files]]) -> Row:
    """A job's pictures: first its sources; for a pattern, also the preview; for a cut-out, its sticker and cut file. A
    page of stickers has its cut lines drawn on it.

    `saved` maps the names of the demo jobs to their files.
    """
    cells = [Cell(Image.open(saved[name][0]["picture.png"]), "source") for name in dict.fromkeys(demo_job.sources)]
    for paths in saved[demo_job.name]:
        if "preview.webp" in paths:
            cells.append(Cell(Image.open(paths["picture.png"]), "tile"))
            cells.append(Cell(Image.open(paths["preview.webp"]), "repeated"))
        else:
            cells.append(Cell(Image.open(paths["picture.png"])))
        if "sticker.png" in paths:
            cells.append(Cell(Image.open(paths["sticker.png"]), "sticker"))
        if "cut.svg" in paths and "sheet.pdf" in paths:
            cells[-1] = Cell(draw_cut_lines(cells[-1].picture, paths["cut.svg"]), "print with its cut lines")
        elif "cut.svg" in paths:
            cells.append(Cell(rasterise(paths["cut.svg"], 512, background=GROUND), "cut file"))
    if demo_job.tool == "upscale":
        cells = [Cell(crop_centre(cell.picture), f"{cell.label} {cell.picture.width} pixels".strip()) for cell in cells]
    return Row(find_tool(demo_job.tool).title, demo_job.summary, cells)


def draw_cut_lines(page: Image.Image, cut: Path) -> Image.Image:
    """The print of a page of stickers, with the lines of its cut file, which fills what they enclose."""
    inside = rasterise(cut, 1024).getchannel("A")
    lines = ImageChops.subtract(inside.filter(ImageFilter.MaxFilter(LINE_PIXELS)), inside)
    shown = Image.new("RGBA", inside.size, GROUND)
    shown.alpha_composite(page.convert("RGBA").resize(inside.size, Image.Resampling.LANCZOS))
    shown.paste(LINE, mask=lines)
    return shown


def rasterise(svg: Path, width: int, *, background: str | None = None) -> Image.Image:
    png = resvg_py.svg_to_bytes(svg_string=svg.read_text(), width=width, dpi=96, background=background)
    return Image.open(io.BytesIO(png)).convert("RGBA")


def crop_centre(picture: Image.Image) -> Image.Image:
    """The centre quarter, enlarged without smoothing to show its sharpness."""
    left, top = picture.width // 4, picture.height // 4
    cropped = picture.crop((left, top, left + picture.width // 2, top + picture.height // 2))
    return cropped.resize((512, 512), Image.Resampling.NEAREST)
