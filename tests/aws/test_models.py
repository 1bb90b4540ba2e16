from pathlib import Path

import pytest

from craftspark.aws import clients
from craftspark.aws.styles.models import ModelBucket
from tests.aws.conftest import IMAGES


@pytest.fixture
def bucket(images_bucket: str) -> ModelBucket:
    return ModelBucket(client=clients.s3(), bucket=IMAGES)


def test_what_is_uploaded_is_what_is_downloaded(bucket: ModelBucket, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(range(256)) * 1000)

    bucket.upload("model", "unet/weights", weights)
    bucket.download("model", "unet/weights", tmp_path / "deep/copy")

    assert (tmp_path / "deep/copy").read_bytes() == weights.read_bytes()


def test_a_file_that_is_not_there_is_named(bucket: ModelBucket, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="s3://images/model/manifest"):
        bucket.download("model", "manifest", tmp_path / "manifest")
