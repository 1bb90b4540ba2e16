"""A worker decodes a source only if it is the picture that the submission has checked."""

import io

import pytest
from PIL import Image

from craftspark.errors import SourceMissing
from craftspark.tools.sources import Source
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import SourcePictures


def order(width: int) -> ImageOrder:
    source = Source(reference="upload/x", bucket="uploads", key="x", width=width, height=32)
    return ImageOrder(job_id="a" * 26, index=0, seed=1, tool="upscale", model="m", request={}, source=source)


def test_a_source_of_another_size_is_not_decoded() -> None:
    png = io.BytesIO()
    Image.new("RGB", (40, 32)).save(png, "PNG")

    assert SourcePictures(lambda _: png.getvalue()).load(order(40)).shape == (32, 40, 3)
    with pytest.raises(SourceMissing):
        SourcePictures(lambda _: png.getvalue()).load(order(41))
