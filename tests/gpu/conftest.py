import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from craftspark.aws import clients
from gpu_tasks.push import __main__ as push_model
from tests.gpu import tiny_models
from tests.gpu.folder_bucket import FolderBucket
from tests.gpu.small_data import RED, a_disc


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data/pictures").mkdir(parents=True)
    with (tmp_path / "data/manifest.jsonl").open("w") as manifest:
        for name, colour in {"ball": RED, "coin": (255, 204, 77), "planet": (85, 172, 238)}.items():
            Image.fromarray(a_disc(colour)).save(tmp_path / f"data/pictures/{name}.png")
            facts = {"id": name, "file": f"pictures/{name}.png", "name": name, "licence": "CC0-1.0", "style": "flat"}
            manifest.write(json.dumps(facts | {"synonyms": ["round"]}) + "\n")
    return tmp_path / "data"


@pytest.fixture
def models_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderBucket:
    """A models bucket in place of the one on S3, for pushes."""
    bucket = FolderBucket(tmp_path / "bucket")
    monkeypatch.setattr(push_model, "ModelBucket", lambda **_: bucket)
    monkeypatch.setattr(clients, "s3", lambda: None)
    return bucket


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model, saved at its first use."""
    models = tmp_path_factory.mktemp("tiny-models")

    def find(name: str) -> Path:
        return models / name if (models / name).exists() else tiny_models.save(name, models / name)

    return find


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Use one thread. On a busy machine, several threads make small networks a hundred times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
