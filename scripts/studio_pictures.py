"""`python -m scripts.studio_pictures`: draw the pictures by which Studio shows its tools and styles.

It submits jobs with fixed seeds to a running local cloud, so the pictures are what the service makes. It arranges them
with Pillow, and writes small WebP files to `FOLDER`. `--state-dir` selects the cloud.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageFilter

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.state import DEFAULT

FOLDER = Path(__file__).resolve().parents[1] / "web/studio/src/shared/tools/pictures"
SIZE = (640, 480)
PRESET_SIDE = 224
SEED = 7
INK = (24, 38, 34, 255)
THREAD = (194, 24, 91, 255)


class Service:
    """The API of a local cloud, for its demo maker."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._client = httpx.Client(
            base_url=cloud.api_url, headers={"Authorization": f"Bearer {cloud.sign_in()}"}, timeout=30
        )

    def job(self, tool: str, **request: Any) -> dict[str, Any]:
        """The job of a request, once it has ended. Raises httpx.HTTPStatusError if it is refused."""
        answer = self._client.post(f"/v1/tools/{tool}/jobs", json={"seed": SEED} | request).raise_for_status()
        while True:
            job: dict[str, Any] = self._client.get(f"/v1/jobs/{answer.json()['job_id']}").raise_for_status().json()
            if "finished_at" in job:
                return job
            time.sleep(1)

    def image(self, tool: str, index: int = 0, file: str | None = None, **request: Any) -> tuple[Image.Image, str]:
        """One image of a new job, or a further file of it, and its name as a source. One-image tools take no seed."""
        job = self.job(tool, count=index + 1, **request)
        made = job["images"][index]
        if made["state"] != "done":
            raise SystemExit(f"{tool} {request}: {made}")
        data = httpx.get(made["files"][file] if file else made["url"]).raise_for_status().content
        return Image.open(io.BytesIO(data)).convert("RGBA"), f"{job['job_id']}/{index}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state-dir", type=Path, default=DEFAULT)
    parser.add_argument("only", nargs="*", help="names of pictures (default: all)")
    arguments = parser.parse_args()
    service = Service(LocalCloud.attach(arguments.state_dir))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        if not arguments.only or name in arguments.only:
            path = FOLDER / f"{name}.webp"
            draw(service).save(path, quality=80, method=6)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


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
        _lay(picture, _fit(sticker, side).rotate(turn, Image.Resampling.BICUBIC, expand=True), place)
    return picture


def variations(service: Service) -> Image.Image:
    """A source, and three versions of it behind one another."""
    source, name = service.image("picture", 2, prompt="tulip")
    picture = Image.new("RGBA", SIZE)
    for prompt, place, turn in (("red tulip", 500, 9), ("yellow tulip", 390, 4), ("purple tulip", 280, -1)):
        made, _ = service.image("variations", source=name, prompt=prompt, strength=0.9)
        _lay(picture, _print(made, 215, turn), (place, 235))
    _lay(picture, _print(source, 235, -6), (155, 245))
    return picture


def outpaint(service: Service) -> Image.Image:
    """A wide result, with a dashed frame around the source."""
    _, name = service.image("picture", 0, prompt="whale")
    made, _ = service.image("outpaint", source=name, aspect="16:9", prompt="")
    picture = Image.new("RGBA", SIZE)
    wide = _fit(made, 540)
    _lay(picture, _framed(wide), (320, 240))
    side = wide.height
    _dash(picture, (320 - side // 2, 240 - side // 2, 320 + side // 2, 240 + side // 2))
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
        _lay(picture, _print(made, 250, turn), place)
    return picture


def cutout(service: Service) -> Image.Image:
    """An object, and the frame of the picture that it was cut from."""
    _, name = service.image("picture", 3, prompt="lemon")
    made, _ = service.image("cutout", source=name)
    picture = Image.new("RGBA", SIZE)
    _dash(picture, (135, 55, 505, 425))
    _lay(picture, _fit(made, 350), (320, 240))
    return picture


def lineart(service: Service) -> Image.Image:
    """Half a picture, and the lines of its other half."""
    source, name = service.image("picture", 3, prompt="fox")
    lines, _ = service.image("lineart", source=name)
    sheet = Image.new("RGBA", (430, 430), "white")
    sheet.paste(lines.resize((430, 430), Image.Resampling.LANCZOS))
    sheet.paste(source.resize((430, 430), Image.Resampling.LANCZOS).crop((0, 0, 215, 430)), (0, 0))
    picture = Image.new("RGBA", SIZE)
    _lay(picture, _framed(sheet), (320, 240))
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
    _lay(picture, _framed(_fit(paper, 560)).rotate(-5, Image.Resampling.BICUBIC, expand=True), (320, 275))
    return picture


def style(name: str | None) -> Callable[[Service], Image.Image]:
    """The same subject in a style; None for the model's own look."""

    def draw(service: Service) -> Image.Image:
        made, _ = service.image("picture", 0, prompt="tulip", **({"style": name} if name else {}))
        return made.resize((PRESET_SIDE, PRESET_SIDE), Image.Resampling.LANCZOS)

    return draw


PICTURES: dict[str, Callable[[Service], Image.Image]] = {
    "pattern": pattern,
    "clipart": clipart,
    "variations": variations,
    "outpaint": outpaint,
    "upscale": upscale,
    "picture": plain_picture,
    "cutout": cutout,
    "lineart": lineart,
    "sticker-sheet": sticker_sheet,
    "preset-none": style(None),
    "preset-bold-flat": style("bold-flat"),
}


def _fit(picture: Image.Image, side: int) -> Image.Image:
    """The picture with this length of its longer side."""
    factor = side / max(picture.size)
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def _print(picture: Image.Image, side: int, turn: float) -> Image.Image:
    """A print with a white margin, turned by some degrees."""
    sheet = Image.new("RGBA", (side, side), "white")
    sheet.alpha_composite(_fit(picture, side - 16), (8, 8))
    return _framed(sheet).rotate(turn, Image.Resampling.BICUBIC, expand=True)


def _framed(picture: Image.Image, radius: int = 12) -> Image.Image:
    """The picture with round corners, on a transparent border for its shadow."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), radius, fill=255)
    result = Image.new("RGBA", picture.size)
    result.paste(picture, mask=mask)
    return result


def _lay(picture: Image.Image, layer: Image.Image, centre: tuple[int, int]) -> None:
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


def _dash(picture: Image.Image, box: tuple[int, int, int, int], dash: int = 14, gap: int = 9) -> None:
    """Draw a dashed frame, as of a running stitch."""
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = box
    for start in range(left, right, dash + gap):
        for y in (top, bottom):
            draw.line((start, y, min(start + dash, right), y), fill=THREAD, width=5)
    for start in range(top, bottom, dash + gap):
        for x in (left, right):
            draw.line((x, start, x, min(start + dash, bottom)), fill=THREAD, width=5)


if __name__ == "__main__":
    main()
