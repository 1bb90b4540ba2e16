"""Print the recipe of a delivered file, and render its image again."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from craftspark.errors import CraftsparkError, InvalidInput, ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.parsing import parse_request
from craftspark.settings.tasks import StudioSettings
from craftspark.styles.releases import Pin
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from gpu_tasks.images.credentials import credentials_in
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.provenance import WORDS, Recipe
from gpu_tasks.serving.renders import brought
from gpu_tasks.studio import Studio, open_studio

SAME, DIFFERENT, REFUSED = 0, 1, 2


def render_again(recipe: Recipe, studio: Studio, words: Mapping[str, Any], source: Source | None = None) -> Drawn:
    """The recipe's picture, drawn anew, not yet finished.

    `words` stand for those that the recipe does not carry. Raises ModelUnavailable for a model that is not the
    recipe's, InvalidInput for words or a source that are missing, and what rendering raises.
    """
    if studio.model_sha256 != recipe.model_sha256:
        raise ModelUnavailable(
            f"the image was made by {recipe.model} {recipe.model_sha256[:12]}, and this model is "
            f"{studio.model_sha256[:12]}"
        )
    [drawn] = studio.render([order_of(recipe, words, source)], lambda _: None)
    if not isinstance(drawn, Drawn):
        raise drawn
    return drawn


def order_of(recipe: Recipe, words: Mapping[str, Any], source: Source | None) -> ImageOrder:
    """What was ordered when the recipe was written."""
    if recipe.from_picture and source is None:
        raise InvalidInput("the image was made from a source image; pass it with --source", field="source")
    said = {**(recipe.words or {}), **words}
    request = {**recipe.settings, **said, "count": 1, "share_prompt": recipe.words is not None}
    kind = find_tool(recipe.tool).request
    request = {name: value for name, value in request.items() if name in kind.model_fields}
    if source:
        request["source"] = source.reference
    version = recipe.style_version
    return ImageOrder(
        job_id=hashlib.sha256(recipe.xmp().encode()).hexdigest()[:26],
        index=0,
        seed=recipe.seed,
        tool=recipe.tool,
        request=parse_request(kind, json.dumps(request)).for_model(find_model(recipe.model)).model_dump(),
        pin=Pin(style=str(recipe.settings["style"]), version=version) if version else None,
        source=source,
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.recipe", description=__doc__)
    parser.add_argument("file", type=Path, help="PNG or SVG file from Craftspark")
    parser.add_argument("--again", type=Path, metavar="PNG", help="render the image again into this file")
    for name in WORDS[:2]:
        parser.add_argument(f"--{name.replace('_', '-')}", help="text to render with, if the file does not contain it")
    parser.add_argument("--also", action="append", help="prompt of a further motif; can be repeated")
    parser.add_argument("--source", type=Path, help="source image that the image was made from")
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="device to render on (default: %(default)s)"
    )
    parser.add_argument("--models-bucket", default="", help="bucket of the models that are not built in")
    asked = parser.parse_args(arguments)
    try:
        return run(asked)
    except (CraftsparkError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED


def run(asked: argparse.Namespace) -> int:
    content = asked.file.read_bytes()
    recipe = Recipe.read(content)
    media_type = "image/png" if content.startswith(b"\x89PNG") else "image/svg+xml"
    credentials = credentials_in(content, media_type)
    signed = f"{credentials['signature_info']['issuer']}: {credentials['state']}" if credentials else "none"
    print(json.dumps({**asdict(recipe), "content_credentials": signed}, indent=2))
    if not asked.again:
        return SAME
    words = {name: getattr(asked, name) for name in WORDS if getattr(asked, name) is not None}
    source, png = brought(asked.source.read_bytes()) if asked.source else (None, b"")
    settings = StudioSettings(
        models_bucket=asked.models_bucket, model=recipe.model, device=asked.device, signing_secret=""
    )
    studio = open_studio(lambda _: png, settings)
    drawn = render_again(recipe, studio, words, source)
    done = studio.finish(order_of(recipe, words, source), drawn)
    asked.again.write_bytes(done.png)
    if media_type != "image/png":
        print("the picture is rendered; compare it with the PNG that this file lay beside")
        return SAME
    same = pixels_in(content).shape == pixels_in(done.png).shape and bool(
        (pixels_in(content) == pixels_in(done.png)).all()
    )
    print("the pixels are the same" if same else "the pixels differ")
    return SAME if same else DIFFERENT


def pixels_in(png: bytes) -> Any:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
