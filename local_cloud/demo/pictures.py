"""The pictures of a demo's jobs: saved as files, and arranged as rows of the contact sheet."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import resvg_py
from PIL import Image

from local_cloud.demo.api import JobView, download
from local_cloud.demo.contact_sheet import Cell, Row
from local_cloud.demo.jobs import DemoJob

# The paths of an image and of the files beside it, by name; the image is `picture.png`.
Files = dict[str, Path]


def save(demo_job: DemoJob, job: JobView, folder: Path) -> list[Files]:
    """Download every image that is done, and the files beside it, over their presigned URLs."""
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


def row(demo_job: DemoJob, saved: Mapping[str, Sequence[Files]]) -> Row:
    """A job's pictures: first its source, a pattern also as it repeats, a cut-out with its cut file.

    `saved` has the files of every job, by the demo job's name.
    """
    cells = []
    if demo_job.source:
        cells.append(Cell(Image.open(saved[demo_job.source][0]["picture.png"]), "from"))
    for paths in saved[demo_job.name]:
        if "preview.webp" in paths:
            cells.append(Cell(Image.open(paths["picture.png"]), "tile"))
            cells.append(Cell(Image.open(paths["preview.webp"]), "repeated"))
        else:
            cells.append(Cell(Image.open(paths["picture.png"])))
        if "cut.svg" in paths:
            # A line to cut along is as thin as a hair; here it is to be seen.
            svg = paths["cut.svg"].read_text().replace('stroke-width="0.1"', 'stroke-width="1"')
            drawn = resvg_py.svg_to_bytes(svg_string=svg, width=512, dpi=96)
            cells.append(Cell(Image.open(io.BytesIO(drawn)), "cut file"))
    if demo_job.tool == "upscale":
        cells = [Cell(middle(cell.picture), f"{cell.label} {cell.picture.width} pixels".strip()) for cell in cells]
    return Row(demo_job.tool.capitalize(), demo_job.words, cells)


def middle(picture: Image.Image) -> Image.Image:
    """The middle quarter, enlarged without smoothing: how sharp it is."""
    left, top = picture.width // 4, picture.height // 4
    cropped = picture.crop((left, top, left + picture.width // 2, top + picture.height // 2))
    return cropped.resize((512, 512), Image.Resampling.NEAREST)
