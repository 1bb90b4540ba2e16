"""Ways to draw faster on a GPU, or in less of its memory."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Acceleration:
    """What makes a model faster on a GPU. Each of them changes how numbers are rounded, so it changes pixels slightly.

    With `channels_last`, the convolutions of a UNet and of the autoencoder keep the channels of a pixel together in
    memory. With `compiled`, the blocks that the denoising network repeats are compiled at the first drawing of each
    size, which takes a minute the first time and seconds with a filled cache. Pictures of more than `tile_above` pixels
    are decoded in tiles.
    """

    channels_last: bool = False
    compiled: bool = False
    tile_above: int | None = None


NO_ACCELERATION = Acceleration()
