"""Uploaded pictures are decoded in a separate process, never in the caller's process."""

import json
from base64 import b64decode

from craftspark.errors import InvalidInput
from craftspark.pictures import decoding, reduction
from craftspark.pictures.confinement import Bounds, ProcessBroke, TooMuchWork, run
from craftspark.pictures.structure import FIELD, invalid_picture
from craftspark.uploads import CleanPicture

MIB = 1024 * 1024
# The most expensive pictures that are accepted take 1.5 s to decode and 1.5 s to encode, and 260 MiB: see
# `upload_check_cpu_s` and `upload_check_memory_ratio` in benchmarks/.
BOUNDS = Bounds(cpu_s=3, finish_cpu_s=3, wall_s=18, memory_bytes=275 * MIB, answer_bytes=96 * MIB)
PROGRAM = f"from {decoding.__name__} import main; main()"
REDUCE = f"from {reduction.__name__} import main; main()"


def clean(content: bytes, bounds: Bounds = BOUNDS) -> CleanPicture:
    """The picture's pixels, upright and in sRGB, without metadata.

    Raises InvalidInput, with the reason and the fix, if the file is not a picture, is animated, breaks a rule of
    `craftspark.pictures.structure`, is truncated, or takes more work than the largest picture.
    """
    head, png = run_bounded(PROGRAM, content, bounds)
    facts = json.loads(head)
    if "refused" in facts:
        raise InvalidInput(facts["refused"], field=FIELD)
    return CleanPicture(
        png=png,
        thumbnail_webp=b64decode(facts["thumbnail_webp"]),
        width=facts["width"],
        height=facts["height"],
        alpha=facts["alpha"],
    )


def small_jpeg(picture: CleanPicture, bounds: Bounds = BOUNDS) -> bytes:
    """A copy of a clean picture as a JPEG of at most `reduction.MAX_COPY_BYTES`, for a moderation service."""
    _, jpeg = run_bounded(REDUCE, picture.png, bounds)
    return jpeg


def run_bounded(program: str, content: bytes, bounds: Bounds) -> tuple[bytes, bytes]:
    """The output of the program. Raises InvalidInput if it exceeds the limits or crashes."""
    try:
        return run(program, content, bounds)
    except TooMuchWork:
        raise invalid_picture(
            "decoding it takes too much time or memory; save it as a plain PNG or JPEG and send the new file"
        ) from None
    except ProcessBroke:
        raise invalid_picture("it cannot be decoded; save it again and send the new file") from None
