"""What a training draws: the views of a subject, the words that name their look, and the view that a noise chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.learning import Learning
from gpu_tasks.training.dataset.encoding import encode
from gpu_tasks.training.dataset.examples import Examples, Subject, Variant
from tests.gpu.small_data import RED, a_disc, a_picture

BLUE = (60, 130, 200)
LOOKS = {"drawn": "classic", "cut": "bold"}


class Recorder:
    """Stands for a model: records its prompts, and encodes a picture as its mean colour."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.vae = self
        self.dtype = torch.float32
        self.prompts: list[str] = []

    def learning(self) -> Learning:
        return Learning(
            encode_prompts=self.encode,
            encode_pictures=lambda _, pictures: pictures.mean((2, 3))[..., None],
            predict=lambda _pipeline, _network, noisy: noisy.latents,
        )

    def encode(self, _model: Any, prompts: list[str]) -> dict[str, Tensor]:
        self.prompts += prompts
        return {"states": torch.zeros(len(prompts), 1, 2)}


def encode_two(*colours: tuple[int, int, int]) -> tuple[Examples, list[str]]:
    """Encode two pictures of one name, in two styles and these colours."""
    pictures = [replace(a_picture("ball"), id=style, style=style) for style in LOOKS]
    pixels: Pixels = np.stack([a_disc(colour, size=32) for colour in colours])
    model = Recorder()
    return encode(pictures, pixels, model, model.learning(), looks=LOOKS), model.prompts


def test_a_caption_that_names_a_look_has_only_its_views_and_one_without_has_all() -> None:
    examples, prompts = encode_two(RED, RED)

    [subject] = examples.subjects
    every, again, classic, bold = subject.plain
    assert every == again  # half of the draws name no look
    assert set(classic.latents).isdisjoint(bold.latents)
    assert set(every.latents) == {*classic.latents, *bold.latents}
    assert "ball, classic" in {prompts[number] for number in classic.captions}
    assert all(prompts[number].endswith(", bold") for number in bold.captions)
    assert not any(", " in prompts[number] for number in every.captions if "red" not in prompts[number])


def test_a_colour_names_only_the_pictures_that_have_it() -> None:
    examples, prompts = encode_two(RED, BLUE)

    [subject] = examples.subjects
    assert not any("red" in prompts[number] or "blue" in prompts[number] for number in subject.plain[0].captions)
    for variant in subject.recoloured:
        wanted = {"red", "blue"} & set(
            " ".join(prompts[number] for number in variant.captions).replace(",", "").split()
        )
        red, _, blue = examples.latents[variant.latents].squeeze(-1).mean(0).tolist()
        assert wanted != {"red"} or red > blue
        assert wanted != {"blue"} or blue > red


def test_shades_are_named_apart_from_their_colour() -> None:
    _, prompts = encode_two(RED, RED)

    assert {"navy ball", "blue ball", "teal ball", "navy ball, classic"} <= set(prompts)


@pytest.fixture
def views() -> Examples:
    """Six views of one subject, in random directions."""
    latents = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return Examples(
        latents=latents,
        conditions={"states": torch.zeros(1, 1, 2)},
        subjects=[Subject(plain=[Variant(latents=[*range(6)], captions=[0])], recoloured=[])],
        no_caption=0,
        side=64,
    )


def test_a_noise_always_chooses_the_same_view_and_all_are_chosen_about_equally_often(views: Examples) -> None:
    noise = torch.randn(600, 4, 8, 8, generator=torch.Generator().manual_seed(2))

    def draw(step: int) -> Tensor:
        return views.draw(3, step, 600, recoloured=0.3, dropout=0.1, noise=noise)[0]

    chosen = (draw(0)[:, None] == views.latents[None]).flatten(2).all(2)

    assert torch.equal(draw(0), draw(1))
    assert (chosen.sum(1) == 1).all()
    assert (chosen.sum(0) > 50).all()
    assert not torch.equal(views.draw(3, 0, 600, recoloured=0.3, dropout=0.1)[0], draw(0))


def test_a_noise_that_points_at_a_view_chooses_it(views: Examples) -> None:
    towards = views.latents - views.latents.mean(0)

    drawn, _ = views.draw(3, 0, 6, recoloured=0, dropout=0, noise=towards)

    assert torch.equal(drawn, views.latents)


def test_rows_with_fewer_views_choose_among_their_own(views: Examples) -> None:
    noise = torch.randn(50, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    rows = [[0, 1, 2, 3, 4], [5, 2]] * 25

    drawn = views.pair(rows, noise)

    assert all((views.latents[row] == each).flatten(1).all(1).any() for row, each in zip(rows, drawn, strict=True))
