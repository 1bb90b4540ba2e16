"""What the networks of a transformer see and predict around a tile."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from craftspark.tools.toss import Repeat
from gpu_tasks.inference.seamless.neighbours import add_neighbours, blend_neighbours
from gpu_tasks.inference.seamless.wrapped_margins import Canvas, wrap_margins

REPEATS: tuple[Repeat, ...] = get_args(Repeat)
UNIT = 16
TILE = (8 * UNIT, 4 * UNIT)  # (width, height) in pixels
MARGIN = 1 / 4


def a_canvas(repeat: Repeat = "straight") -> Canvas:
    return Canvas.around(TILE, repeat, MARGIN, UNIT)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def surround(tile: Tensor, high: int, wide: int, repeat: Repeat) -> Tensor:
    """The canvas of tiles (N, channels, rows, columns)."""
    return add_neighbours(tile, high, wide, repeat, axes=(2, 3), arrays=torch)


class Network(nn.Module):
    """Keeps what it saw and returns `answer`."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.saw: Any = None
        self.answer = answer

    def forward(self, hidden_states: Any, **_others: Any) -> Any:
        self.saw = hidden_states
        return self.answer, "more"


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = nn.Conv2d(1, 1, 3, padding=1, bias=False)

    def decode(self, latents: Tensor, return_dict: bool = True) -> tuple[Tensor]:
        return (self.decoder(latents),)


@pytest.mark.parametrize(("repeat", "margins"), [*product(REPEATS, ((1, 1), (2, 4), (3, 2), (0, 0)))])
def test_copies_that_are_equal_blend_to_the_tile(repeat: Repeat, margins: tuple[int, int]) -> None:
    tile = noise(2, 3, 6, 8)

    blended = blend_neighbours(surround(tile, *margins, repeat), *margins, repeat, axes=(2, 3))

    torch.testing.assert_close(blended, tile)


@pytest.mark.parametrize("repeat", REPEATS)
def test_copies_that_differ_meet_at_the_edges(repeat: Repeat) -> None:
    canvas = torch.arange(24.0).expand(1, 1, 24, 24).clone()  # depends on the column only, as a position does
    if repeat in ("brick", "y"):
        canvas = canvas.mT
    high, wide = (0 if repeat == "x" else 4), (0 if repeat == "y" else 4)
    canvas = canvas[..., : 16 + 2 * high, : 16 + 2 * wide]

    tile = blend_neighbours(canvas, high, wide, repeat, axes=(2, 3))

    around = surround(tile, int(high > 0), int(wide > 0), repeat)
    steps = max(float(around.diff(dim=axis).abs().max()) for axis in (2, 3))
    assert tile.shape == (1, 1, 16, 16)
    assert steps <= 2.01  # without the blend, 15 at one edge


def test_the_outermost_lines_of_a_canvas_count_least() -> None:
    canvas = torch.zeros(1, 1, 1, 16)
    canvas[..., 0] = 1

    tile = blend_neighbours(canvas, 0, 4, "x", axes=(2, 3))

    assert tile.sum() == pytest.approx(1 / 16)
    assert tile[..., 4] == pytest.approx(1 / 16)  # column 0 of the canvas is four lines before the tile of 8


@pytest.mark.parametrize("repeat", REPEATS)
def test_a_picture_and_its_latents_have_the_same_margins(repeat: Repeat) -> None:
    canvas = a_canvas(repeat)
    tile = noise(1, 1, 4, 8)
    pixels = np.kron(tile[0, 0].numpy(), np.ones((UNIT, UNIT), np.float32))

    latents = canvas.wrap(surround(tile, 0 if repeat == "x" else 1, 0 if repeat == "y" else 2, repeat))

    surrounded = canvas.surround(pixels)
    assert surrounded.shape == canvas.size[::-1]
    np.testing.assert_array_equal(surrounded[::UNIT, ::UNIT], latents[0, 0].numpy())


@pytest.mark.parametrize("repeat", REPEATS)
def test_latents_of_any_form_are_wrapped_alike(repeat: Repeat) -> None:
    canvas = a_canvas(repeat)
    columns, rows = (side // UNIT for side in canvas.size)
    picture = noise(2, 3, rows, columns)
    tokens = torch.cat([picture.flatten(2).mT, noise(2, 5, 3)], 1)  # five tokens of another picture behind

    for change in (canvas.wrap, canvas.blend):
        expected = change(picture)
        frames = change(picture[:, :, None])
        changed = change(tokens)
        finer = change(picture.repeat_interleave(2, 2).repeat_interleave(2, 3))

        torch.testing.assert_close(frames[:, :, 0], expected)
        torch.testing.assert_close(torch.unflatten(changed[:, : rows * columns].mT, 2, (rows, columns)), expected)
        torch.testing.assert_close(changed[:, rows * columns :], tokens[:, rows * columns :])
        if change == canvas.wrap:
            torch.testing.assert_close(finer[..., ::2, ::2], expected)
    assert not torch.equal(canvas.wrap(picture), picture)


def test_latents_of_another_size_are_an_error() -> None:
    with pytest.raises(ValueError, match="not a picture of 12x6 tokens"):
        a_canvas().wrap(noise(1, 1, 6, 13))


@pytest.mark.parametrize("form", ["named", "positional", "list"])
def test_a_denoiser_sees_the_neighbours_and_its_answers_are_blended(form: str) -> None:
    canvas = a_canvas()
    latents, answer = noise(1, 1, 6, 12), noise(1, 1, 6, 12)
    listed = form == "list"
    denoiser, vae = Network([answer] if listed else answer), Autoencoder()

    with wrap_margins(denoiser, vae, canvas):
        if form == "named":
            blended, more = denoiser(hidden_states=latents, timestep=1)
        else:
            blended, more = denoiser([latents] if listed else latents, timestep=1)

    saw, said = (each[0] if listed else each for each in (denoiser.saw, blended))
    torch.testing.assert_close(saw, canvas.wrap(latents))
    torch.testing.assert_close(said, canvas.blend(answer))
    assert more == "more"
    assert not torch.equal(saw, latents)
    assert not torch.equal(said, answer)


def test_only_the_tile_is_decoded_and_its_edges_see_each_other() -> None:
    canvas = a_canvas()
    latents, vae = noise(1, 1, 6, 12), Autoencoder()

    with wrap_margins(Network(None), vae, canvas):
        [decoded] = vae.decode(latents, return_dict=False)

    tile = latents[..., 1:5, 2:10]
    torch.testing.assert_close(decoded, vae.decoder(surround(tile, 2, 2, "straight"))[..., 2:-2, 2:-2])


def test_networks_are_as_before_after_an_error() -> None:
    denoiser, vae = Network(noise(1, 1, 6, 12)), Autoencoder()
    latents = noise(1, 1, 6, 12)

    with pytest.raises(RuntimeError, match="interrupted"), wrap_margins(denoiser, vae, a_canvas()):
        raise RuntimeError("interrupted")

    denoiser(latents)
    assert torch.equal(denoiser.saw, latents)
    assert torch.equal(vae.decode(latents)[0], vae.decoder(latents))
    assert "decode" not in vae.__dict__
