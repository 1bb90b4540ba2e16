"""Print the recipe of a delivered file, and make the file again."""

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
from xml.etree.ElementTree import Element, canonicalize
from xml.etree.ElementTree import tostring as to_text

import numpy as np
from defusedxml import ElementTree
from PIL import Image

from craftspark.errors import CraftsparkError, InvalidInput, ModelUnavailable
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS, ToolNetworks
from craftspark.parsing.json_values import parse_request
from craftspark.settings.tasks import RendererSettings
from craftspark.styles.releases import Pin
from craftspark.tools import find_tool
from craftspark.tools.request import WORD_FIELDS
from craftspark.tools.sources import Source
from gpu_tasks.images.credentials import read_credentials
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import MEDIA_TYPES, PICTURE_FILE, EncodedImage
from gpu_tasks.images.provenance import Recipe, RecipeMissing
from gpu_tasks.renderers.loading import load_renderer
from gpu_tasks.renderers.tool_renderers import ToolRenderers
from gpu_tasks.serving.requests import prepare_source

SAME, DIFFERENT, REFUSED = 0, 1, 2


def render_again(
    recipe: Recipe, renderers: ToolRenderers, texts: Mapping[str, Any], sources: Sequence[Source] = ()
) -> Drawing:
    """Draw the recipe's picture again, without finishing it.

    `texts` replace those that the recipe does not contain. Raises ModelUnavailable if the model or a network is not
    the recipe's, InvalidInput if words or sources are missing, and the errors of rendering.
    """
    if renderers.model_sha256 != recipe.model_sha256:
        raise ModelUnavailable(
            f"the image was made by {recipe.model} {recipe.model_sha256[:12]}, and this model is "
            f"{renderers.model_sha256[:12]}"
        )
    for name, digest in recipe.networks.items():
        if renderers.networks.get(name) != digest:
            raise ModelUnavailable(f"the image was made with {name} {digest[:12]}, which is not here")
    [drawing] = renderers.render([build_order(recipe, texts, sources)], lambda _: None)
    if not isinstance(drawing, Drawing):
        raise drawing
    return drawing


def find_networks(recipe: Recipe) -> ToolNetworks:
    """Return the networks that worked on the recipe's picture. Others are those of the GPU image."""
    names = {NETWORKS[name].does: name for name in recipe.networks if name in NETWORKS}
    return ToolNetworks(
        enlarge=names.get("enlarge", BUILT_IN_NETWORKS.enlarge), cut=names.get("cut", BUILT_IN_NETWORKS.cut)
    )


def build_order(recipe: Recipe, texts: Mapping[str, Any], sources: Sequence[Source]) -> ImageOrder:
    """Make the order that the recipe describes. Raises InvalidInput if sources are missing."""
    if len(sources) < recipe.sources:
        raise InvalidInput(
            f"the image was made from {recipe.sources} source image{'s' * (recipe.sources > 1)}; pass each with "
            "--source, in the order of the request",
            field="source",
        )
    request_texts = {**(recipe.words or {}), **texts}
    request = {**recipe.settings, **request_texts, "count": 1, "share_prompt": recipe.words is not None}
    tool = find_tool(recipe.tool)
    kind = tool.request
    request = {name: value for name, value in request.items() if name in kind.model_fields}
    request = kind.add_sources(request, [source.reference for source in sources])
    parsed = parse_request(kind, json.dumps(request)).for_model(find_model(recipe.model))
    version = recipe.style_version
    return ImageOrder(
        job_id=hashlib.sha256(recipe.xmp().encode()).hexdigest()[:26],
        index=0,
        seed=recipe.seed,
        tool=recipe.tool,
        model=recipe.model,
        request=parsed.model_dump(),
        pin=Pin(style=str(recipe.settings["style"]), version=version) if version else None,
        sources=tuple(sources),
    )


def find_media_type(content: bytes) -> str:
    """Return the media type of a PNG, a PDF or an SVG file."""
    starts = {b"\x89PNG": "image/png", b"%PDF": "application/pdf"}
    return next((kind for start, kind in starts.items() if content.startswith(start)), "image/svg+xml")


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.recipe", description=__doc__)
    parser.add_argument("file", type=Path, help="PNG, SVG or PDF file from Craftspark")
    parser.add_argument("--again", type=Path, metavar="PATH", help="render the image again, and write this file of it")
    for name in WORD_FIELDS[:2]:
        parser.add_argument(f"--{name.replace('_', '-')}", help="text to render with, if the file does not contain it")
    parser.add_argument("--also", action="append", help="prompt of a further motif; can be repeated")
    parser.add_argument(
        "--source",
        type=Path,
        action="append",
        default=[],
        help="source image that the image was made from; can be repeated, in the order of the request",
    )
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda"), help="device to render on (default: %(default)s)"
    )
    parser.add_argument("--models-bucket", default="", help="bucket of the models that are not built in")
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except (CraftsparkError, RecipeMissing, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return REFUSED


def run(options: argparse.Namespace) -> int:
    """Print the recipe and make the file again if asked. Returns SAME, or DIFFERENT if the content differs."""
    content = options.file.read_bytes()
    recipe = Recipe.read(content)
    media_type = find_media_type(content)
    credentials = read_credentials(content, media_type) if media_type in MEDIA_TYPES.values() else None
    signed = f"{credentials['signature_info']['issuer']}: {credentials['state']}" if credentials else "none"
    print(json.dumps({**asdict(recipe), "content_credentials": signed}, indent=2))
    if not options.again:
        return SAME
    texts = {name: getattr(options, name) for name in WORD_FIELDS if getattr(options, name) is not None}
    prepared = [prepare_source(path.read_bytes()) for path in options.source]
    sources, pictures = [source for source, _ in prepared], {source.key: png for source, png in prepared}
    settings = RendererSettings(
        models_bucket=options.models_bucket,
        tools=json.dumps({recipe.tool: recipe.model}),
        networks=find_networks(recipe).to_text(),
        device=options.device,
        cpu_model_memory_mib=0,  # one model, which is loaded in any case
        signing_secret="",
    )
    renderers = load_renderer(lambda source: pictures[source.key], settings).use(recipe.model)
    drawing = render_again(recipe, renderers, texts, sources)
    done = renderers.finish(build_order(recipe, texts, sources), drawing)
    again = find_file(done, recipe.file)
    options.again.write_bytes(again)
    same = has_same_content(content, again)
    what = "pixels" if media_type == "image/png" else "paths"
    print(f"the {what} are the same" if same else f"the {what} differ")
    return SAME if same else DIFFERENT


def find_file(done: EncodedImage, name: str) -> bytes:
    """Return a file of an image by the name in its recipe. Raises RecipeMissing if the image has no such file."""
    if name == PICTURE_FILE:
        return done.png
    try:
        return done.files[name]
    except KeyError:
        raise RecipeMissing(f"the recipe makes no file {name!r}; the recipe was changed") from None


def has_same_content(first: bytes, second: bytes) -> bool:
    """Whether two files of one media type show the same. Metadata and content credentials do not count."""
    if find_media_type(first) == "image/png":
        return np.array_equal(read_pixels(first), read_pixels(second))
    if find_media_type(first) == "application/pdf":
        return first == second  # a PDF has no credentials, and the metadata of both is the same recipe
    return read_paths(first) == read_paths(second)


def read_pixels(png: bytes) -> Any:
    """Decode a PNG file."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def read_paths(svg: bytes) -> str:
    """Return an SVG without its metadata, in the canonical form of XML."""
    root: Element = ElementTree.fromstring(svg)
    for metadata in root.findall("{*}metadata"):
        root.remove(metadata)
    return canonicalize(to_text(root, encoding="unicode"), strip_text=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
