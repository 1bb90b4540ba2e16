"""Every tool with a tiny model of every family: it works, or submission rejects it with a field."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from craftspark.errors import ImageFlawed, InvalidInput, ModelUnavailable
from craftspark.models.capabilities import Capability, Guidance
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.sources import Source
from craftspark.tools.toss import Repeat
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import model_store
from gpu_tasks.inference.adapters import AdapterCache
from gpu_tasks.inference.diffusion import Diffusion, DrawingSettings, Sketch
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.matting import Mask, MattingNetwork
from gpu_tasks.inference.model_folder import INDEX
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.inference.upscaler_networks import UpscalerConfig, UpscalerNetwork
from gpu_tasks.renderers import Networks
from gpu_tasks.renderers.tool_renderers import Surroundings, build_renderers
from gpu_tasks.tools.pattern.repeats import measure_border_ink, measure_seam
from tests.fakes import WORKER_SETTINGS, a_job
from tests.gpu.rendering import silent
from tests.gpu.tiny_models import save

# Warnings inside Diffusers, and of a scheduler that divides by zero in one step.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{each}")
    for each in (
        "__array__ implementation:DeprecationWarning",
        "`FluxPosEmbed` is deprecated:FutureWarning",
        "invalid value encountered in divide:RuntimeWarning",
    )
]
GUIDED = Guidance(default=4, minimum=1, maximum=20)
DISTILLED = Guidance.fixed(1)
ALL: frozenset[Capability] = frozenset({"draw", "redraw", "repaint", "seamless"})
SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=64, height=48)


def an_entry(name: str, family: str, capabilities: frozenset[Capability], **changes: Any) -> Model:
    """A catalogue entry for a tiny model."""
    return replace(
        find_model("stable-diffusion-v1-5"),
        name=name,
        source=f"s3:{name}",
        family=family,
        capabilities=capabilities,
        **{
            "guidance": GUIDED,
            "negative_prompts": True,
            "sizes": ("64x64",),
            "default_size": "64x64",
            "default_steps": 2,
            "tokenizer": None,
            **changes,
        },
    )


def a_transformer(name: str, family: str, capabilities: frozenset[Capability], **changes: Any) -> Model:
    return an_entry(name, family, capabilities, **{"tile_margins": 1 / 4, **changes})


ENTRIES = {
    entry.name: entry
    for entry in (
        an_entry("sd-1.5", "stable-diffusion", ALL),
        an_entry("sd-2.1-v", "stable-diffusion", ALL, guidance=replace(GUIDED, rescale=0.7)),
        an_entry("sd-1.5-lcm", "latent-consistency", ALL - {"repaint"}, negative_prompts=False),
        an_entry("sd-1.5-inpainting", "stable-diffusion", frozenset({"repaint"})),
        an_entry("sdxl", "stable-diffusion-xl", ALL),
        an_entry("sdxl-turbo", "stable-diffusion-xl", ALL, guidance=DISTILLED, negative_prompts=False),
        an_entry("sdxl-lightning", "stable-diffusion-xl", ALL, guidance=DISTILLED, negative_prompts=False),
        an_entry("sdxl-tcd", "stable-diffusion-xl", ALL, guidance=DISTILLED, negative_prompts=False),
        an_entry("sdxl-lcm", "stable-diffusion-xl", ALL, guidance=DISTILLED, negative_prompts=False),
        an_entry("sdxl-inpainting", "stable-diffusion-xl", frozenset({"repaint"})),
        a_transformer("sd-3", "stable-diffusion-3", ALL),
        a_transformer("flux-schnell", "flux", ALL, guidance=DISTILLED, negative_prompts=False),
        a_transformer("flux-dev", "flux", ALL, negative_prompts=False),
        a_transformer("flux2-klein", "flux2-klein", ALL, guidance=DISTILLED, negative_prompts=False),
        a_transformer("chroma", "chroma", ALL - {"repaint"}),
        a_transformer("z-image", "z-image", ALL, guidance=Guidance.fixed(0), negative_prompts=False),
        # Its scheduler divides by zero with one step.
        a_transformer("qwen-image", "qwen-image", ALL, min_steps=2),
        a_transformer("sana", "sana", frozenset({"draw", "seamless"}), tile_margins=1 / 2),
        a_transformer("sana-sprint", "sana-sprint", ALL - {"repaint"}, negative_prompts=False, tile_margins=1 / 2),
        a_transformer("pixart-sigma", "pixart-sigma", frozenset({"draw", "seamless"})),
        a_transformer("lumina2", "lumina2", frozenset({"draw", "seamless"})),
    )
}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "picture": ("picture", {"prompt": "apple"}),
    "clipart": ("clipart", {"prompt": "apple", "cut": "outline"}),
    "tossed pattern": ("pattern", {"prompt": "apple"}),
    "painted pattern": ("pattern", {"prompt": "apple", "way": "painted"}),
    "pattern from a source": ("pattern", {"source": SOURCE.reference, "way": "painted"}),
    "variations": ("variations", {"source": SOURCE.reference}),
    "outpaint": ("outpaint", {"source": SOURCE.reference, "prompt": "apple", "aspect": "16:9"}),
    "upscale": ("upscale", {"source": SOURCE.reference}),
    "cutout": ("cutout", {"source": SOURCE.reference}),
    "lineart": ("lineart", {"source": SOURCE.reference}),
}
NEEDS: dict[str, set[Capability]] = {
    "picture": {"draw"},
    "clipart": {"draw"},
    "tossed pattern": {"draw"},
    "painted pattern": {"draw", "seamless"},
    "pattern from a source": {"redraw", "seamless"},
    "variations": {"redraw"},
    "outpaint": {"repaint"},
    "upscale": set(),
    "cutout": set(),
    "lineart": set(),
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of the tiny models, each saved at its first use."""
    return tmp_path_factory.mktemp("tiny-models")


class Disc(MattingNetwork):
    """Finds a disc in every picture. The tiny models draw noise, in which a network takes long to find nothing."""

    def __init__(self) -> None:
        self.identity = {"disc": "0"}

    def find_object(self, picture: Pixels) -> Mask:
        across, down = np.mgrid[-1:1:64j, -1:1:64j]
        mask: Mask = (across**2 + down**2 < 0.5).astype(np.float32)
        return mask


class SmallNetworks(Networks):
    """A worker's networks, with a disc for each motif and an upscaler of a few weights. They depend on no family."""

    def matting(self, name: str) -> MattingNetwork:
        return Disc()

    def upscaler(self, name: str) -> Upscaler:
        torch.manual_seed(0)
        return Upscaler(UpscalerNetwork(UpscalerConfig(features=4, convolutions=1)), identity={name: "0"})


@pytest.fixture(scope="module")
def networks() -> Networks:
    """The networks that assist the models of all tests."""
    return SmallNetworks(settings=WORKER_SETTINGS)


@pytest.fixture
def load(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Model], Any]:
    """Loads the tiny model of an entry as a worker does."""

    def load(entry: Model) -> Any:
        folder = shelf / entry.name
        if not folder.exists():
            save(entry.name, folder)
        monkeypatch.setattr(model_store, "locate", lambda *_: folder)
        return load_pipeline(entry, WORKER_SETTINGS)

    return load


def png() -> bytes:
    """The source picture."""
    file = io.BytesIO()
    ramp = np.linspace(0, 255, SOURCE.width * SOURCE.height * 3).reshape(SOURCE.height, SOURCE.width, 3)
    Image.fromarray(ramp.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def submit(entry: Model, case: str) -> ImageOrder:
    """The order of a case after its submission. Raises InvalidInput."""
    tool, body = CASES[case]
    request = parse_request(find_tool(tool).request, json.dumps(body)).for_model(entry)
    sources = (SOURCE,) if "source" in body else ()
    if sources:
        request = request.for_sources(sources)
    return ImageOrder.of(a_job(tool=tool, request=request.model_dump(), sources=sources), 0, 7)


def diffusion_of(pipeline: Any, entry: Model) -> Diffusion:
    def no_adapter(location: str) -> Path:
        raise AssertionError(location)

    return Diffusion(
        pipeline, entry, AdapterCache(getattr(pipeline, find_family(entry.family).denoiser), "", no_adapter)
    )


@pytest.mark.parametrize("name", ENTRIES)
def test_each_tool_works_with_a_model_or_its_submission_is_rejected(
    name: str, load: Callable[[Model], Any], networks: Networks
) -> None:
    entry = ENTRIES[name]
    surroundings = replace(Surroundings.of(lambda _source: png(), WORKER_SETTINGS), networks=networks)
    renderers = build_renderers(load(entry), entry, surroundings)
    for case in CASES:
        if not NEEDS[case] <= entry.capabilities:
            with pytest.raises(InvalidInput) as refusal:
                submit(entry, case)
            assert refusal.value.field in ("tool", "way", "source")
            continue
        shares: list[float] = []
        [outcome] = renderers.render([submit(entry, case)], shares.append)
        # Noise may be flawed as an object; any other error would be a fault.
        assert isinstance(outcome, Drawing | ImageFlawed), (case, outcome)
        assert case in ("upscale", "cutout") or max(shares) == 1.0


@pytest.mark.parametrize("name", ENTRIES)
def test_a_worker_draws_with_every_capability_before_it_is_ready(name: str, load: Callable[[Model], Any]) -> None:
    diffusion_of(load(ENTRIES[name]), ENTRIES[name]).check_drawings()


SEAMLESS = [name for name, entry in ENTRIES.items() if "seamless" in entry.capabilities]


# The repeat changes nothing that a family does: half of them with each is enough.
@pytest.mark.parametrize(
    ("name", "repeat"),
    list(zip(SEAMLESS, cycle(("straight", "half-drop")))),
)
def test_a_tile_has_no_seam_and_no_blank_border(name: str, repeat: Repeat, load: Callable[[Model], Any]) -> None:
    entry = ENTRIES[name]
    large = replace(entry, sizes=("256x256",), default_size="256x256", tile_margins=entry.tile_margins and 1 / 8)
    settings = DrawingSettings(size=(256, 256), steps=4, guidance=entry.guidance.default, repeat=repeat)
    sketches = [Sketch(prompt="apple", negative_prompt="", seed=seed) for seed in range(3)]

    tiles = [tile for tile in diffusion_of(load(entry), large).draw(sketches, settings, silent) if tile is not None]

    assert len(tiles) == 3
    assert median(measure_seam(tile, repeat) for tile in tiles) < 1.1
    assert median(measure_border_ink(tile, repeat) for tile in tiles) > 0.8


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (replace(ENTRIES["sdxl"], family="stable-diffusion"), "StableDiffusionXLPipeline"),
        (replace(ENTRIES["sd-1.5"], family="stable-diffusion-xl"), "the model is a StableDiffusionPipeline"),
        (replace(ENTRIES["sd-1.5"], family="crayon"), "no family crayon"),
    ],
)
def test_a_model_of_another_family_does_not_load(entry: Model, reason: str, load: Callable[[Model], Any]) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        load(entry)


@pytest.mark.parametrize(
    ("name", "promise", "reason"),
    [
        ("sana", {"capabilities": frozenset({"draw", "repaint"})}, "sana cannot repaint"),
        ("sana-sprint", {"capabilities": frozenset({"draw", "learn"})}, "cannot learn styles"),
        ("flux-schnell", {"tile_margins": 0}, "not above 0 and at most 0.5"),
        ("flux-schnell", {"tile_margins": 3 / 4}, "not above 0 and at most 0.5"),
        ("flux-schnell", {"tile_margins": 1 / 8}, "0.125 of 64 pixels are not a multiple of 16"),
        ("flux-schnell", {"sizes": ("48x64",), "default_size": "48x64", "tile_margins": 1 / 3}, "48 pixels is not"),
        ("sd-1.5", {"tile_margins": 1 / 8}, "circular padding has no tile_margins"),
        ("flux-schnell", {"sizes": ("64x72",)}, "64x72 is not a multiple of 16"),
        ("lumina2", {"wave": 4}, "one image"),
        ("lumina2", {"max_prompt_tokens": 193}, "reads 192 tokens"),
        ("sd-1.5", {"max_prompt_tokens": 76}, "reads 75 tokens"),
    ],
)
def test_an_entry_that_promises_more_than_its_family_is_rejected(
    name: str, promise: dict[str, Any], reason: str, load: Callable[[Model], Any]
) -> None:
    entry = ENTRIES[name]
    pipeline = load(entry)

    with pytest.raises(ModelUnavailable, match=reason):
        diffusion_of(pipeline, replace(entry, **promise))


class Unlimited:
    """A tokenizer without a limit."""

    model_max_length = 10_000

    def num_special_tokens_to_add(self) -> int:
        return 0


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_every_entry_of_the_catalogue_fits_its_family(entry: Model) -> None:
    family = find_family(entry.family)

    family.check_entry(entry, SimpleNamespace(**{family.tokenizer: Unlimited()}))


@pytest.mark.parametrize(
    ("name", "promise", "reason"),
    [
        ("sd-1.5-lcm", {"negative_prompts": True}, "LatentConsistencyModelPipeline has no negative_prompt"),
        ("qwen-image", {"min_steps": 1}, "not finite"),
        ("sd-1.5-inpainting", {"capabilities": ALL}, "cannot draw"),
    ],
)
def test_an_entry_that_its_pipeline_does_not_fulfil_is_rejected_by_the_first_drawings(
    name: str, promise: dict[str, Any], reason: str, load: Callable[[Model], Any]
) -> None:
    entry = ENTRIES[name]

    with pytest.raises(ModelUnavailable, match=reason):
        diffusion_of(load(entry), replace(entry, **promise)).check_drawings()


def test_numbers_that_are_not_finite_are_found_before_a_worker_is_ready(load: Callable[[Model], Any]) -> None:
    entry = ENTRIES["sdxl"]
    pipeline = load(entry)
    with torch.no_grad():
        pipeline.unet.conv_out.bias.fill_(torch.nan)

    with pytest.raises(ModelUnavailable, match=r"not finite in torch\.float32"):
        diffusion_of(pipeline, entry).check_drawings()


def test_a_drawing_of_another_size_is_never_delivered(
    load: Callable[[Model], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = ENTRIES["flux-schnell"]
    family = replace(find_family("flux"), arguments={"width": 32, "height": 32})
    monkeypatch.setattr("gpu_tasks.inference.diffusion.find_family", lambda _name: family)

    with pytest.raises(ModelUnavailable, match="drew 32x32 pixels instead of 64x64"):
        diffusion_of(load(entry), entry).check_drawings()


@pytest.mark.parametrize("index", ["", "[]", '{"_class_name": "CrayonPipeline"}', "{}"])
def test_a_folder_of_an_unknown_class_does_not_load(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / INDEX).write_text(index)
    write_manifest(tmp_path)
    monkeypatch.setattr(model_store, "locate", lambda *_: tmp_path)

    with pytest.raises(ModelUnavailable, match=rf"CrayonPipeline|{INDEX}|None"):
        load_pipeline(ENTRIES["sd-1.5"], WORKER_SETTINGS)
