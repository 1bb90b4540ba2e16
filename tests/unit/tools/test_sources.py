"""Sources in a worker: which are decoded, and how many stay in memory."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from craftspark.errors import SourceMissing
from craftspark.tools.sources import Source
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.sources import SourcePictures


def order(width: int) -> ImageOrder:
    source = Source(reference="upload/x", bucket="uploads", key="x", width=width, height=32)
    return ImageOrder(job_id="a" * 26, index=0, seed=1, tool="upscale", model="m", request={}, sources=(source,))


def test_a_source_of_another_size_is_not_decoded() -> None:
    png = io.BytesIO()
    Image.new("RGB", (40, 32)).save(png, "PNG")

    assert SourcePictures(lambda _: png.getvalue()).load(order(40)).shape == (32, 40, 3)
    with pytest.raises(SourceMissing):
        SourcePictures(lambda _: png.getvalue()).load(order(41))


def test_the_cache_of_sources_is_bounded_in_bytes() -> None:
    fetched: list[str] = []
    png = io.BytesIO()
    Image.new("RGB", (40, 32)).save(png, "PNG")
    names = [letter * 26 for letter in "abc"]
    sources = tuple(
        Source(reference=f"upload/{name}", bucket="uploads", key=name, width=40, height=32) for name in names
    )
    several = replace(order(40), sources=sources)

    def fetch(source: Source) -> bytes:
        fetched.append(source.key)
        return png.getvalue()

    two = 2 * (40 * 32 * 3 + len(png.getvalue()))
    pictures = SourcePictures(fetch, max_bytes=two)
    assert len(pictures.fetch(several)) == 3
    assert [pictures.load(several, number).shape for number in (2, 1)] == [(32, 40, 3)] * 2
    assert fetched == names
    pictures.load(several, 0)
    assert fetched == [*names, names[0]]
    assert pictures._bytes == two
    # One that is larger than the cache is still kept while it is in use.
    small = SourcePictures(fetch, max_bytes=1)
    assert small.load(several, 0) is small.load(several, 0)


def test_a_picture_that_several_fields_name_is_one_file() -> None:
    png = io.BytesIO()
    Image.new("RGB", (40, 32)).save(png, "PNG")
    one = order(40)
    twice = replace(one, sources=one.sources * 2)

    assert SourcePictures(lambda _: png.getvalue()).fetch(twice) == (png.getvalue(),)
    with pytest.raises(SourceMissing):
        SourcePictures(lambda _: png.getvalue()).load(twice, 2)
