"""Encoders of the catalogue: tiny ones of each family, and the built-in one."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from craftspark.errors import ModelUnavailable
from craftspark.models.networks import NETWORKS, Network
from gpu_tasks.inference.encoders.encoder import open_encoder
from gpu_tasks.inference.encoders.two_towers import FAMILIES
from gpu_tasks.inference.manifests import MANIFEST, build_manifest, write_manifest
from gpu_tasks.inference.model_store import BUILT_IN
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.model_layouts import write
from tests.gpu.pushing import list_files, push_folder, refuse_folder
from tests.gpu.tiny_models.encoders import DIMENSIONS, save_encoder

WORDS = ["an apple", "a bee that flies over a field of sunflowers"]
WEIGHTS = "model.safetensors"


def an_entry(family: str) -> Network:
    return replace(NETWORKS["siglip2-base-patch16-256"], name="tiny", family=family, dimension=DIMENSIONS[family])


def pictures(count: int = 2, height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (count, height, width, 3), dtype=np.uint8)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(family: str, tmp_path: Path) -> Path:
    return save_encoder(family, tmp_path / family)


def test_words_and_pictures_have_unit_vectors_of_the_same_space(family: str, folder: Path) -> None:
    encoder = open_encoder(an_entry(family), folder)

    for vectors in (encoder.embed_texts(WORDS), encoder.embed_pictures(pictures())):
        assert vectors.shape == (2, encoder.dimension) == (2, DIMENSIONS[family])
        assert vectors.dtype == torch.float32
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
    assert encoder.embed_texts([]).shape == encoder.embed_pictures(pictures(0)).shape == (0, encoder.dimension)


def test_a_vector_does_not_depend_on_the_others_in_the_call(family: str, folder: Path) -> None:
    encoder = open_encoder(an_entry(family), folder)

    alone = torch.cat([encoder.embed_texts([words]) for words in WORDS])
    torch.testing.assert_close(encoder.embed_texts(WORDS * 20)[:2], alone)
    one_by_one = torch.cat([encoder.embed_pictures(pictures()[number : number + 1]) for number in range(2)])
    torch.testing.assert_close(encoder.embed_pictures(pictures()), one_by_one)
    assert not torch.allclose(alone[0], alone[1])


def test_vectors_are_those_of_transformers(family: str, folder: Path) -> None:
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    processor = getattr(transformers, FAMILIES[family].pictures).from_pretrained(folder)
    tokens = tokenizer(WORDS, padding="max_length", max_length=model.config.text_config.max_position_embeddings)
    with torch.no_grad():
        expected = model(
            input_ids=torch.tensor(tokens.input_ids), **processor(images=list(pictures()), return_tensors="pt")
        )

    encoder = open_encoder(an_entry(family), folder)

    torch.testing.assert_close(encoder.embed_texts(WORDS), expected.text_embeds)
    torch.testing.assert_close(encoder.embed_pictures(pictures()), expected.image_embeds)


def test_a_text_that_is_too_long_is_cut(family: str, folder: Path) -> None:
    encoder = open_encoder(an_entry(family), folder)

    torch.testing.assert_close(encoder.embed_texts(["apple " * 500]), encoder.embed_texts(["apple " * 600]))


def test_only_siglip_reads_lower_case_alone(tmp_path: Path) -> None:
    encoder = open_encoder(an_entry("siglip"), save_encoder("siglip", tmp_path / "siglip"))

    torch.testing.assert_close(encoder.embed_texts(["A Bee"]), encoder.embed_texts(["a bee"]))


def test_the_built_in_encoder_is_an_entry_as_any_other() -> None:
    network = NETWORKS["craftspark-likeness"]

    encoder = open_encoder(network, BUILT_IN / network.source.removeprefix("built-in:"))

    assert encoder.dimension == network.dimension
    torch.testing.assert_close(encoder.embed_texts(["bee"]).norm(), torch.tensor(1.0))


def spoil(folder: Path, value: float) -> None:
    """Set all weights of the picture tower to a value."""
    weights = load_file(folder / WEIGHTS)
    save_file(
        {name: torch.full_like(each, value) if "vision" in name else each for name, each in weights.items()},
        folder / WEIGHTS,
        {"format": "pt"},
    )
    write_manifest(folder)


@pytest.mark.parametrize("value", [torch.nan, 0.0])
def test_vectors_without_a_direction_are_found_at_load(value: float, tmp_path: Path) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    spoil(folder, value)

    with pytest.raises(ModelUnavailable, match="no unit vector of a picture"):
        open_encoder(an_entry("clip"), folder)


def rename_type(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", json.dumps(config | {"model_type": "bert"}))
    write_manifest(folder)


def alter(folder: Path) -> None:
    write(folder / "config.json", "{}")


def drop_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    write_manifest(folder)


def drop_weight(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    del weights["text_projection.weight"]
    save_file(weights, folder / WEIGHTS, {"format": "pt"})
    write_manifest(folder)


@pytest.mark.parametrize(
    ("change", "entry", "reason"),
    [
        (lambda _: None, replace(an_entry("clip"), dimension=9), r"a vector of \(1, 8\) of a word, not of \(1, 9\)"),
        (lambda _: None, replace(an_entry("clip"), family="siglip"), "of the family clip, and its catalogue entry"),
        (rename_type, an_entry("clip"), "the model_type in config.json is 'bert'; encoders are clip, siglip"),
        (alter, an_entry("clip"), "config.json is missing or differs"),
        (drop_tokenizer, an_entry("clip"), "tokenizer.json is missing"),
        (drop_weight, an_entry("clip"), "its weights lack text_projection.weight"),
    ],
)
def test_a_folder_that_is_not_what_its_entry_says_is_no_encoder(
    change: Callable[[Path], None], entry: Network, reason: str, tmp_path: Path
) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    change(folder)

    with pytest.raises(ModelUnavailable, match=reason):
        open_encoder(entry, folder)


def test_an_encoder_is_pushed_as_a_hub_has_it(
    models_bucket: FolderBucket, family: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / MANIFEST).unlink()
    before = build_manifest(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    write(folder / "onnx/model.onnx", "graph")

    push_folder(folder)

    arrived = models_bucket.root / "new"
    assert build_manifest(arrived) == before
    assert open_encoder(an_entry(family), arrived).dimension == DIMENSIONS[family]
    assert "weights: network: F32" in capsys.readouterr().out


def test_the_variant_of_an_encoder_has_the_plain_name_in_the_bucket(
    models_bucket: FolderBucket, tmp_path: Path
) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    (folder / MANIFEST).unlink()
    (folder / WEIGHTS).rename(folder / "model.fp16.safetensors")

    push_folder(folder, "--variant", "fp16")

    assert WEIGHTS in list_files(models_bucket.root / "new")


def test_a_sharded_encoder_is_pushed_with_its_index(models_bucket: FolderBucket, tmp_path: Path) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    transformers.CLIPModel.from_pretrained(folder).save_pretrained(folder, max_shard_size="20KB")
    (folder / WEIGHTS).unlink()
    (folder / MANIFEST).unlink()

    push_folder(folder)

    arrived = models_bucket.root / "new"
    assert "model.safetensors.index.json" in list_files(arrived)
    assert open_encoder(an_entry("clip"), arrived).dimension == DIMENSIONS["clip"]


def test_shards_of_an_encoder_without_an_index_are_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
    (folder / MANIFEST).unlink()

    assert "without an index: model.safetensors.index.json is missing" in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", '{"model_type": "bert"}', "not an encoder: the model_type in config.json is 'bert'"),
        ("config.json", '{"model_type": "clip", "auto_map": {"a": "b"}}', "config.json has auto_map, which runs code"),
        ("config.json", '{"model_type": "clip", "quantization_config": {"a": 1}}', "a quantization_config"),
        ("tokenizer_config.json", '{"auto_map": {"a": "b"}}', "tokenizer_config.json has auto_map"),
        ("preprocessor_config.json", '{"auto_map": {"a": "b"}}', "preprocessor_config.json has auto_map"),
        ("tokenizer.json", None, "not an encoder: tokenizer.json is missing"),
        (WEIGHTS, None, "the weights of the model are missing"),
        (WEIGHTS, "cut off", "is not a complete safetensors file"),
        ("README.md", "# No licence", "has no licence"),
    ],
)
def test_bad_encoders_are_refused(
    models_bucket: FolderBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
    reason: str,
) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    (folder / MANIFEST).unlink()
    if content is None:
        (folder / name).unlink()
    else:
        write(folder / name, content)

    assert reason in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []


def test_the_pickle_of_an_encoder_is_refused(
    models_bucket: FolderBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_encoder("clip", tmp_path / "clip")
    (folder / MANIFEST).unlink()
    (folder / WEIGHTS).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))

    assert "pytorch_model.bin is a pickle" in refuse_folder(capsys, folder)
    assert models_bucket.uploaded == []
