"""A program that draws with compiled blocks and prints the seconds and a hash of the pixels, as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from craftspark.models.acceleration import Acceleration
from gpu_tasks.inference.acceleration import accelerate
from tests.cuda.shapes import HALF, build, choose_shape, diffusion_of, draw
from tests.cuda.timing import measure


def main(device: str, cache: Path) -> None:
    shape = choose_shape(HALF, device)
    pipeline = build(shape, device)
    accelerate(pipeline, "unet", Acceleration(compiled=True), cache)
    diffusion = diffusion_of(pipeline, shape)
    measured = measure(lambda: draw(diffusion), device, rounds=1)
    digest = hashlib.sha256(b"".join(measured.result)).hexdigest()
    print(json.dumps({"first_s": measured.first_s, "seconds": measured.seconds, "sha256": digest}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
