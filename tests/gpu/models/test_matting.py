"""Matting networks: the built-in one, and a small graph that is called as BiRefNet is."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference.manifests import hash_model, write_manifest
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_store import BUILT_IN
from tests.gpu.graphs import SIDE, a_graph, a_matting_folder
from tests.gpu.motifs import a_gradient, a_motif, compose


def test_the_built_in_network_finds_an_object_on_a_gradient() -> None:
    motif = a_motif(160)

    mask = MattingNetwork.open(BUILT_IN / "u2netp").find_object(compose(motif, a_gradient(160)))

    assert mask.shape == (320, 320)
    found, there = mask >= 0.5, motif[..., 3].repeat(2, 0).repeat(2, 1) >= 128
    assert (found & there).sum() / (found | there).sum() > 0.95


@pytest.mark.parametrize("half", [False, True], ids=["single precision", "half precision"])
def test_logits_become_probabilities(tmp_path: Path, half: bool) -> None:
    graph = a_graph(half=half)
    picture = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)

    mask = MattingNetwork.open(a_matting_folder(tmp_path / "logits", graph)).find_object(picture)
    raw = MattingNetwork.open(a_matting_folder(tmp_path / "raw", graph, output="probability")).find_object(picture)

    assert mask.shape == (SIDE, SIDE)
    assert mask.dtype == np.float32
    assert 0 < mask.min() < 0.1
    assert 0.9 < mask.max() < 1
    assert (raw == np.log(mask / (1 - mask)).clip(0, 1)).mean() > 0.4  # those that are clipped
    assert abs(raw - np.log(mask / (1 - mask)).clip(0, 1)).max() < 0.01


def test_a_network_is_known_by_its_folder_and_manifest(tmp_path: Path) -> None:
    folder = a_matting_folder(tmp_path / "tiny", a_graph())

    assert MattingNetwork.open(folder).identity == {"tiny": hash_model(folder)}


@pytest.mark.parametrize(
    ("config", "wrong"),
    [({"side": 20}, "side"), ({"output": "guess"}, "output"), ({"mean": 0}, "mean")],
    ids=["side", "output", "unknown field"],
)
def test_a_wrong_configuration_is_refused_by_its_field(tmp_path: Path, config: dict[str, object], wrong: str) -> None:
    with pytest.raises(ModelUnavailable, match=rf"not valid in .*{wrong}"):
        MattingNetwork.open(a_matting_folder(tmp_path / "model", a_graph(), **config))


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (b"half a graph", "not a matting network"),
        (pickle.dumps({"weights": 1}), "not a matting network"),
        (a_graph(channels=1), "not a matting network"),
        (a_graph(outputs=2), r"mask of \(1, 2, 32, 32\)"),
        (a_graph(fill=float("nan")), "invalid numbers"),
    ],
    ids=["damaged", "pickle", "grey", "two masks", "NaN"],
)
def test_a_graph_that_makes_no_mask_is_refused(tmp_path: Path, graph: bytes, reason: str) -> None:
    with pytest.raises(ModelUnavailable, match=reason):
        MattingNetwork.open(a_matting_folder(tmp_path / "model", graph))


def test_a_graph_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not a matting network"):
        MattingNetwork.open(a_matting_folder(tmp_path / "model", a_graph(), side=SIDE * 2))


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    folder = a_matting_folder(tmp_path / "model", a_graph())
    (folder / "model.onnx").write_bytes(a_graph(fill=0.5))

    with pytest.raises(ModelUnavailable, match=r"model\.onnx is missing or differs"):
        MattingNetwork.open(folder)


def test_a_folder_without_a_graph_is_refused(tmp_path: Path) -> None:
    folder = a_matting_folder(tmp_path / "model", a_graph())
    (folder / "model.onnx").unlink()
    write_manifest(folder)

    with pytest.raises(ModelUnavailable, match=r"model\.onnx"):
        MattingNetwork.open(folder)
    with pytest.raises(ModelUnavailable, match="not a matting network"):
        MattingNetwork.open(BUILT_IN / "craftspark-upscaler-x4")
