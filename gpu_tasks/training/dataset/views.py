"""Views of a picture: mirrored, moved, and in other colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.training.dataset.captions import remove_colour
from gpu_tasks.training.dataset.colours import PAINTS, find_body, find_dominant_colour, recolour
from gpu_tasks.training.dataset.picture import CaptionedPicture

VIEWS_SEED = 11
MOVED_VIEWS, UPRIGHT_WEIGHT, MIRRORED_WEIGHT = 4, 3, 3  # a transformed view has the weight 1
TURN, SCALES, SHIFT = 10, (0.85, 1.0), 0.04  # degrees, of the size, of the side


@dataclass(frozen=True, kw_only=True)
class Painted:
    """The views of a picture, and those in other colours, by the colour. `main` is its own colour."""

    picture: CaptionedPicture
    views: list[Pixels]
    main: str
    colours: dict[str, list[Pixels]]

    @classmethod
    def see(
        cls, picture: CaptionedPicture, image: Pixels, number: int, main: str, paints: Mapping[str, Pixels]
    ) -> Painted:
        """Mirror and move a picture. Views that are only mirrored are more frequent than those moved, and as frequent
        as each other.
        """
        draws = np.random.default_rng([VIEWS_SEED, number])
        moved = [transform_view(image, draws) for _ in range(MOVED_VIEWS)]
        paintable = remove_colour(picture.name) != ""
        return cls(
            picture=picture,
            views=[*[image] * UPRIGHT_WEIGHT, *[image[:, ::-1]] * MIRRORED_WEIGHT, *moved],
            main=main if paintable else "",
            colours={colour: [each, each[:, ::-1]] for colour, each in paints.items()} if paintable else {},
        )


def recolour_all(image: Pixels, *, others: bool = True) -> tuple[str, dict[str, Pixels]]:
    """Return the picture's colour, and the picture in each other possible colour if `others` are wanted."""
    main, _ = find_dominant_colour(image)
    if not others:
        return main, {}
    body = find_body(image)
    painted = {colour: recolour(image, colour, body) for colour in PAINTS if colour != main}
    return main, {colour: picture for colour, picture in painted.items() if picture is not None}


def transform_view(image: Pixels, draws: np.random.Generator) -> Pixels:
    """Rotate, scale and shift an RGBA picture slightly, so that seeds give different compositions."""
    side = image.shape[0]
    turn = math.radians(draws.uniform(-TURN, TURN))
    scale, mirror = draws.uniform(*SCALES), draws.choice([-1, 1])
    shift = draws.uniform(-SHIFT, SHIFT, 2) * side
    cosine, sine = math.cos(turn) / scale, math.sin(turn) / scale
    matrix = np.array([[cosine * mirror, sine * mirror], [-sine, cosine]])
    middle = np.full(2, (side - 1) / 2)
    offset = middle - matrix @ (middle + shift)
    data = (*matrix[0], offset[0], *matrix[1], offset[1])
    # Premultiplied, so that the colour of clear pixels does not bleed into the edges.
    seen = Image.fromarray(image).convert("RGBa")
    return np.asarray(
        seen.transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC).convert("RGBA")
    )
