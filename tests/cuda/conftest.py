"""The tests of what only a GPU shows. `make gpu` runs them, `make test` does not.

Their figures are in `build/gpu.json`. With `--device cpu` they run all of their code except CUDA, which shows that the
tests themselves work.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.entries import Entry
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.images.pixels import Pixels
from tests.cuda.figures import FIGURE, FigureFile
from tests.fakes import WORKER_SETTINGS

NO_CUDA = (
    "PyTorch finds no CUDA device, so nothing was tested on a GPU. If the NVIDIA driver is newer than .venv, run `make"
    " clean` first. `pytest tests/cuda --device cpu` tries the tests themselves."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cuda", choices=("cuda", "cpu"), help="device of tests/cuda")
    parser.addoption("--figures", default="build/gpu.json", help="file for the figures of tests/cuda")


def pytest_configure(config: pytest.Config) -> None:
    device = config.getoption("--device", default="cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise pytest.UsageError(NO_CUDA)
    # `make gpu` also runs with other versions of the libraries than the pinned ones, whose warnings say nothing here.
    config.addinivalue_line("filterwarnings", "default")
    if not hasattr(config, "workerinput"):  # of several processes, the first writes
        path = Path(config.getoption("--figures", default="build/gpu.json"))
        config.pluginmanager.register(FigureFile(path, device))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Real faults of a GPU need a GPU."""
    if collection_path.name == "test_faults.py" and config.getoption("--device", default="cuda") == "cpu":
        return True
    return None


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--device"))


@pytest.fixture(scope="session")
def settings(device: str) -> WorkerSettings:
    return replace(WORKER_SETTINGS, device=device)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[Entry], None]:
    """Adds a figure to the file."""
    return lambda entry: request.node.user_properties.append((FIGURE, asdict(entry) | {"met": entry.meets_goal}))


@pytest.fixture(autouse=True)
def freed(device: str) -> Iterator[None]:
    """Each test gives back the memory that it used, and its compiled kernels."""
    yield
    torch.compiler.reset()
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Callable[[str, Pixels], None]:
    """Saves pictures in a folder next to the file of figures, for people to look at."""
    folder = Path(request.config.getoption("--figures")).with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name, pixels: Image.fromarray(pixels).save(folder / f"{name}.png")
