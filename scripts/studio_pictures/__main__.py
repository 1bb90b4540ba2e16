"""`python -m scripts.studio_pictures`: draw the pictures by which Studio shows its tools, styles and choices.

It submits jobs with fixed seeds to a running local cloud, so the pictures are what the service makes, except those of
presets. It arranges them with Pillow, and writes small WebP files to `FOLDER`. `--state-dir` selects the cloud.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.state import DEFAULT
from scripts.studio_pictures import tools
from scripts.studio_pictures.choices import CHOICES
from scripts.studio_pictures.presets import PRESETS
from scripts.studio_pictures.service import Service

FOLDER = Path(__file__).resolve().parents[2] / "web/studio/src/shared/tools/pictures"

PICTURES: dict[str, Callable[[Service], Image.Image]] = {
    "pattern": tools.pattern,
    "clipart": tools.clipart,
    "variations": tools.variations,
    "outpaint": tools.outpaint,
    "upscale": tools.upscale,
    "picture": tools.plain_picture,
    "cutout": tools.cutout,
    "lineart": tools.lineart,
    "sticker-sheet": tools.sticker_sheet,
    "preset-none": tools.style(None),
    "preset-bold-flat": tools.style("bold-flat"),
    **PRESETS,
    **CHOICES,
}


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


if __name__ == "__main__":
    main()
