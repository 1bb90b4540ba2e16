"""Wrapped margins: a transformer draws a tile with margins around it that show the tile's neighbours.

A transformer has no padding to replace, and it knows where on the picture each token is. So it draws a larger canvas.
In every step it sees the tile's own opposite sides in the margins, and its predictions for the two copies of the same
place are blended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.seamless.circular_padding import pad_circularly
from gpu_tasks.inference.seamless.neighbours import add_neighbours, blend_neighbours

if TYPE_CHECKING:
    from craftspark.tools.toss import Repeat


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """A tile of `width` x `height` pixels, with margins of `high` rows and `wide` columns on each side that has
    neighbours. `unit` divides all of them: the side of a token.
    """

    width: int
    height: int
    high: int
    wide: int
    repeat: Repeat
    unit: int

    @classmethod
    def around(cls, tile: tuple[int, int], repeat: Repeat, margin: float, unit: int) -> Canvas:
        """Return the canvas of a tile, (width, height), whose margins are this share of its sides."""
        width, height = tile
        high = 0 if repeat == "x" else unit * round(margin * height / unit)
        wide = 0 if repeat == "y" else unit * round(margin * width / unit)
        return cls(width=width, height=height, high=high, wide=wide, repeat=repeat, unit=unit)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the canvas in pixels."""
        return self.width + 2 * self.wide, self.height + 2 * self.high

    def surround(self, tile: Pixels) -> Pixels:
        """Return the canvas of a tile (height, width, channels)."""
        return add_neighbours(tile, self.high, self.wide, self.repeat)

    def cut(self, latents: Tensor) -> Tensor:
        """Return the latents of the tile on a canvas."""
        return self._map(latents, self._cut)

    def wrap(self, latents: Tensor) -> Tensor:
        """Return the latents of a canvas with the tile's neighbours in the margins."""
        return self._map(latents, self._wrap)

    def blend(self, latents: Tensor) -> Tensor:
        """Return the latents of a canvas, whose copies of the same place are blended and the same afterwards."""
        return self._map(latents, self._blend)

    def _map(self, latents: Tensor, change: Callable[[Tensor, int, tuple[int, int]], Tensor]) -> Tensor:
        """Apply `change` to latents as a picture (..., rows, columns) or as tokens (N, rows x columns, channels).

        Tokens of other pictures can follow, and stay as they are. Raises ValueError if the latents have another size.
        """
        columns, rows = (side // self.unit for side in self.size)
        if latents.dim() == 3:
            others = latents[:, rows * columns :]
            picture = torch.unflatten(latents[:, : rows * columns], 1, (rows, columns))
            return torch.cat([change(picture, 1, (1, 2)).flatten(1, 2), others], 1)
        scale = latents.shape[-2] // rows
        if latents.shape[-2:] != (rows * scale, columns * scale):
            raise ValueError(f"latents of {tuple(latents.shape)} are not a picture of {columns}x{rows} tokens")
        return change(latents, scale, (latents.dim() - 2, latents.dim() - 1))

    def _cut(self, latents: Tensor, scale: int, axes: tuple[int, int]) -> Tensor:
        high, wide = self._margins(scale)
        rows, columns = axes
        tile = latents.narrow(rows, high, latents.shape[rows] - 2 * high)
        return tile.narrow(columns, wide, latents.shape[columns] - 2 * wide)

    def _wrap(self, latents: Tensor, scale: int, axes: tuple[int, int]) -> Tensor:
        tile = self._cut(latents, scale, axes)
        return add_neighbours(tile, *self._margins(scale), self.repeat, axes=axes, arrays=torch)

    def _blend(self, latents: Tensor, scale: int, axes: tuple[int, int]) -> Tensor:
        high, wide = self._margins(scale)
        tile = blend_neighbours(latents, high, wide, self.repeat, axes=axes)
        return add_neighbours(tile, high, wide, self.repeat, axes=axes, arrays=torch)

    def _margins(self, scale: int) -> tuple[int, int]:
        return self.high // self.unit * scale, self.wide // self.unit * scale


@contextmanager
def wrap_margins(denoiser: nn.Module, vae: Any, canvas: Canvas) -> Iterator[None]:
    """In this context, the networks see the tile's neighbours in the margins of the canvas.

    The denoiser sees latents with wrapped margins, and its predictions are blended. The latents between the steps are
    those of the scheduler, whose noise differs in the margins; nothing reads them there. Only the tile is decoded, with
    circular padding.
    """
    decode = vae.decode

    def decode_tile(latents: Tensor, **options: Any) -> Any:
        with pad_circularly([vae.decoder], canvas.repeat):
            return decode(canvas.cut(latents), **options)

    vae.__dict__["decode"] = decode_tile
    hooks = [
        denoiser.register_forward_pre_hook(_wrap_input(canvas), with_kwargs=True),
        denoiser.register_forward_hook(_blend_output(canvas)),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        del vae.__dict__["decode"]


def _wrap_input(canvas: Canvas) -> Any:
    """Return a hook that wraps the latents, the first argument of every denoiser: `hidden_states` if it is named."""

    def hook(_denoiser: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        if arguments:
            return (_each(canvas.wrap, arguments[0]), *arguments[1:]), named
        return arguments, {**named, "hidden_states": canvas.wrap(named["hidden_states"])}

    return hook


def _blend_output(canvas: Canvas) -> Any:
    def hook(_denoiser: nn.Module, _arguments: Any, output: Any) -> Any:
        # Pipelines ask for a tuple; a ModelOutput would keep its class.
        return (_each(canvas.blend, output[0]), *output[1:])

    return hook


def _each(change: Callable[[Tensor], Tensor], latents: Tensor | Sequence[Tensor]) -> Any:
    """Apply `change` to latents, which some models take as a list with an item for each picture."""
    return change(latents) if isinstance(latents, Tensor) else [change(each) for each in latents]
