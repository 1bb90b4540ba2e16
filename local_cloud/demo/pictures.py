"""Save the pictures of the demo's jobs and arrange them as rows of the contact sheet."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import resvg_py
from PIL import Image

from craftspark.tools import find_tool
from local_cloud.demo.api import JobView, download
from local_cloud.demo.contact_sheet import Cell, Row
from local_cloud.demo.jobs import DemoJob

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
    """A job's pictures: first its sources; for a pattern, also the preview; for a cut-out, its sticker and cut file.

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
        if "cut.svg" in paths:
            # A sticker's border is white: a grey ground shows it on the sheet.
            png = resvg_py.svg_to_bytes(
                svg_string=paths["cut.svg"].read_text(), width=512, dpi=96, background="#d8dce0"
            )
            cells.append(Cell(Image.open(io.BytesIO(png)), "cut file"))
    if demo_job.tool == "upscale":
        cells = [Cell(crop_centre(cell.picture), f"{cell.label} {cell.picture.width} pixels".strip()) for cell in cells]
    return Row(find_tool(demo_job.tool).title, demo_job.summary, cells)


def crop_centre(picture: Image.Image) -> Image.Image:
    """The centre quarter, enlarged without smoothing to show its sharpness."""
    left, top = picture.width // 4, picture.height // 4
    cropped = picture.crop((left, top, left + picture.width // 2, top + picture.height // 2))
    return cropped.resize((512, 512), Image.Resampling.NEAREST)
