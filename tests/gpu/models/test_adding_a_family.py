"""The code in docs/adding-a-family.md works without other changes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import diffusers
import pytest
import transformers

from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import TOOLS, find_tool
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference import families, model_store
from gpu_tasks.inference.manifests import write_manifest
from gpu_tasks.inference.model_store import load_pipeline
from gpu_tasks.renderers.tool_renderers import Surroundings, build_renderers
from tests.fakes import WORKER_SETTINGS, a_job
from tests.gpu.rendering import no_source
from tests.gpu.tiny_models.autoencoders import autoencoder
from tests.gpu.tiny_models.text_encoders import t5

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-family.md"


def read_code() -> list[str]:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    return blocks


def run(number: int, name: str) -> ModuleType:
    """Run a block of the page as a module."""
    module = ModuleType(name)
    exec(compile(read_code()[number], f"{PAGE.name}, block {number + 1}", "exec"), module.__dict__)
    return module


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> Model:
    """The entry of the page, with the page's family in place."""
    name = f"{families.__name__}.auraflow"
    monkeypatch.setitem(sys.modules, name, run(0, name))
    entry: Model = run(1, "entry").AURAFLOW
    return entry


def tiny_auraflow() -> Any:
    transformer = diffusers.AuraFlowTransformer2DModel(
        sample_size=32,
        patch_size=2,
        num_mmdit_layers=1,
        num_single_dit_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=32,
        caption_projection_dim=32,
        pos_embed_max_size=256,
    )
    config = transformers.UMT5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    return diffusers.AuraFlowPipeline(
        tokenizer=t5()["tokenizer"],
        text_encoder=transformers.UMT5EncoderModel(config).eval(),
        vae=autoencoder(4),
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )


def test_a_family_from_outside_draws(entry: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_auraflow().save_pretrained(tmp_path)
    write_manifest(tmp_path)
    monkeypatch.setattr(model_store, "locate", lambda *_: tmp_path)
    small = replace(entry, sizes=("64x64",), default_size="64x64", min_steps=1, default_steps=1)
    renderers = build_renderers(
        load_pipeline(small, WORKER_SETTINGS), small, Surroundings.of(no_source, WORKER_SETTINGS)
    )
    request = parse_request(find_tool("picture").request, json.dumps({"prompt": "fish", "negative_prompt": "frame"}))

    [drawn] = renderers.render(
        [ImageOrder.of(a_job(tool="picture", request=request.for_model(small).model_dump()), 0, 1)], lambda _: None
    )

    assert isinstance(drawn, Drawing)
    assert drawn.pixels.shape == (512, 512, 3)


def test_its_entry_offers_the_tools_that_it_can_serve(entry: Model) -> None:
    assert [name for name, tool in TOOLS.items() if tool.fits(entry)] == [
        "picture",
        "pattern",
        "clipart",
        "upscale",
        "cutout",
        "lineart",
        "sticker-sheet",
    ]


@pytest.mark.parametrize("rules", [("check",), ("format", "--check")], ids=["check", "format"])
@pytest.mark.parametrize("number", [0, 1])
def test_the_code_of_the_page_passes_the_linter(number: int, rules: tuple[str, ...]) -> None:
    linted = subprocess.run(
        [sys.executable, "-m", "ruff", *rules, "--stdin-filename", "craftspark/new.py", "-"],
        input=read_code()[number],
        text=True,
        capture_output=True,
        cwd=PAGE.parents[1],
    )

    assert linted.returncode == 0, linted.stdout
