"""Uploaded pictures, decoded safely and stored as PNG with 8 bits a channel in sRGB.

`clean` starts a process that decodes one picture under bounds of time and memory. What runs in that process is in
`decoding`; nothing here decodes in the caller's own process. Only this package of the domain knows Pillow.
"""

import json

from craftspark.errors import InvalidInput
from craftspark.pictures import decoding, reduction
from craftspark.pictures.confinement import Bounds, ProcessBroke, TooMuchWork, run
from craftspark.pictures.structure import FIELD, FORMATS, invalid_picture
from craftspark.uploads import CleanPicture

__all__ = ["BOUNDS", "FIELD", "FORMATS", "clean", "small_jpeg"]

MIB = 1024 * 1024
# The costliest pictures that are accepted need 1.5 s until they are decoded, 1.5 s more until they are encoded, and 260
# MiB: see `upload_check_cpu_s` and `upload_check_memory_ratio` in benchmarks/.
BOUNDS = Bounds(cpu_s=3, finish_cpu_s=3, wall_s=18, memory_bytes=275 * MIB, answer_bytes=96 * MIB)
PROGRAM = f"from {decoding.__name__} import main; main()"
REDUCE = f"from {reduction.__name__} import main; main()"


def clean(content: bytes, bounds: Bounds = BOUNDS) -> CleanPicture:
    """A picture's own pixels, upright, in sRGB, and nothing else of it.

    Raises InvalidInput, with the reason and the fix, for what is no picture, is animated, breaks a rule of
    `craftspark.pictures.structure`, is cut off, or takes more work than a picture of the largest size.
    """
    head, png = run_bounded(PROGRAM, content, bounds)
    facts = json.loads(head)
    if "refused" in facts:
        raise InvalidInput(facts["refused"], field=FIELD)
    return CleanPicture(png=png, width=facts["width"], height=facts["height"], alpha=facts["alpha"])


def small_jpeg(picture: CleanPicture, bounds: Bounds = BOUNDS) -> bytes:
    """A copy of a clean picture as a JPEG of at most `reduction.MAX_COPY_BYTES`, for a service that judges it."""
    _, jpeg = run_bounded(REDUCE, picture.png, bounds)
    return jpeg


def run_bounded(program: str, content: bytes, bounds: Bounds) -> tuple[bytes, bytes]:
    """What the program answers; raises InvalidInput where it takes too much work, or breaks."""
    try:
        return run(program, content, bounds)
    except TooMuchWork:
        raise invalid_picture(
            "decoding it takes too much time or memory; save it as a plain PNG or JPEG and send the new file"
        ) from None
    except ProcessBroke:
        raise invalid_picture("it cannot be decoded; save it again and send the new file") from None
