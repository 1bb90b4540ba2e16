"""Files that are designed to break the check result in a picture or a named error, and nothing else."""

from contextlib import suppress

import pytest

from benchmarks.hostile import HOSTILE
from craftspark.errors import InvalidInput
from craftspark.pictures.cleaning import clean
from craftspark.uploads import MAX_UPLOAD_BYTES

# Every fifth file of each family. `make bench` checks all of them.
SOME = sorted(HOSTILE)[::5]


def test_there_are_at_least_200_hostile_files() -> None:
    assert len(HOSTILE) >= 200


@pytest.mark.parametrize("name", SOME)
def test_a_hostile_file_gives_a_picture_or_a_named_error(name: str) -> None:
    content = HOSTILE[name]()

    assert len(content) <= MAX_UPLOAD_BYTES
    with suppress(InvalidInput):
        picture = clean(content)
        assert max(picture.width, picture.height) <= 4096


MUST_NAME = {
    "jpeg scans 4500 1": "scans",
    "jpeg exif of one byte 2000000": "segments",
    "png pieces of 0 2000000": "chunks",
    "png frames 5000 5000": "animated",
    "webp frames 1000": "animated",
    "png profile bomb 20971520": "profile",
    "webp ICCP of 20 MB": "profile",
    "jpeg 65535 x 65535": "pixels",
    "png lies 60000 60000": "pixels",
    "gif and noise": "not a PNG, JPEG or WebP",
    "png pixels of blocks 25165824": "",
    "jpeg of kind c9": "arithmetic",
}


@pytest.mark.parametrize("name", list(MUST_NAME))
def test_a_hostile_file_is_rejected_with_the_reason(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean(HOSTILE[name]())

    assert MUST_NAME[name] in refused.value.detail
    assert refused.value.field == "upload"
