"""The code in docs/adding-a-tool.md runs without changes."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from craftspark.models.networks import BUILT_IN_NETWORKS, ToolNetworks
from craftspark.settings.tasks import RendererSettings
from craftspark.tools import TOOLS
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.renderers import RENDERERS
from lambdas.http.openapi.document import describe
from lambdas.list_tools.handler import tool_view
from tests.gpu.rendering import MODEL, an_order_of, no_source, pixels_in, render, studio_with

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-tool.md"


def code_on_the_page() -> list[str]:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 2
    return blocks


@pytest.fixture
def silhouette() -> Iterator[None]:
    tools, renderers = dict(TOOLS), dict(RENDERERS)
    for number, block in enumerate(code_on_the_page()):
        exec(compile(block, f"{PAGE.name}, block {number + 1}", "exec"), {"__name__": f"silhouette_{number}"})
    yield
    TOOLS.clear()
    TOOLS.update(tools)
    RENDERERS.clear()
    RENDERERS.update(renderers)


@pytest.mark.usefixtures("silhouette")
def test_a_tool_from_outside_is_offered_priced_rendered_and_marked() -> None:
    assert tool_view(TOOLS["silhouette"], MODEL).credits_per_image == 1
    assert "/v1/tools/silhouette/jobs" in describe()["paths"]
    studio = studio_with(no_source)
    order, other = (
        an_order_of("silhouette", seed, json.dumps({"prompt": "fish", "ink": "#204080"})) for seed in (1, 2)
    )

    together = render(order, other, by=studio)
    done = studio.finish(order, together[0])

    picture = pixels_in(done.png)
    assert (picture[picture[..., 3] > 0][:, :3] == (0x20, 0x40, 0x80)).all()
    assert 0.05 < done.scores["coverage"] < 0.95
    assert Recipe.read(done.png).settings["ink"] == "#204080"
    np.testing.assert_array_equal(render(order, by=studio)[0].pixels, together[0].pixels)


@pytest.mark.parametrize("rules", [("check",), ("format", "--check")], ids=["check", "format"])
def test_the_code_on_the_page_passes_the_linter_as_it_stands(rules: tuple[str, ...]) -> None:
    for block in code_on_the_page():
        command = [sys.executable, "-m", "ruff", *rules, "--stdin-filename", "gpu_tasks/tools/silhouette.py", "-"]
        found = subprocess.run(command, input=block, capture_output=True, text=True, cwd=PAGE.parents[1], check=False)
        assert found.returncode == 0, found.stdout + found.stderr


def test_the_environment_on_the_page_starts_the_server() -> None:
    [block] = [block for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) if "serve" in block]
    exports = " ".join(line.removeprefix("export ") for line in block.splitlines() if line.startswith("export "))

    settings = RendererSettings.from_environment(dict(word.split("=", 1) for word in shlex.split(exports)))

    assert settings.models == {"picture": MODEL.name, "silhouette": MODEL.name}
    assert ToolNetworks.parse(settings.networks) == BUILT_IN_NETWORKS
