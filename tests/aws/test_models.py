from pathlib import Path

import pytest

from craftspark.aws import clients
from craftspark.aws.styles.models import MAX_SMALL_FILE, ModelBucket
from craftspark.errors import ModelUnavailable
from tests.aws.conftest import IMAGES


class Parts:
    """Takes the parts of a file."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: bytes, /) -> int:
        self.parts.append(part)
        return len(part)


@pytest.fixture
def bucket(images_bucket: str) -> ModelBucket:
    return ModelBucket(client=clients.s3(), bucket=IMAGES)


def test_a_model_is_downloaded_as_it_was_uploaded(bucket: ModelBucket, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(range(256)) * 1000)

    bucket.upload("model", "unet/weights", weights)
    copy = Parts()
    bucket.download("model", "unet/weights", copy)

    assert b"".join(copy.parts) == bucket.read("model", "unet/weights") == weights.read_bytes()
    assert bucket.sizes("model") == {"unet/weights": weights.stat().st_size}


def test_a_missing_file_is_named(bucket: ModelBucket) -> None:
    with pytest.raises(FileNotFoundError, match="s3://images/model/manifest"):
        bucket.download("model", "manifest", Parts())
    with pytest.raises(FileNotFoundError, match="s3://images/model/manifest"):
        bucket.read("model", "manifest")


def test_a_large_file_is_not_read_at_once(bucket: ModelBucket, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(MAX_SMALL_FILE + 1))
    bucket.upload("model", "manifest.json", tmp_path / "large")

    with pytest.raises(ModelUnavailable, match=r"manifest\.json has more than 8388608 bytes"):
        bucket.read("model", "manifest.json")
