"""Which cut of a drawing is used: by the background, or by the mask of a network."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from craftspark.models import networks
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS, ToolNetworks
from craftspark.tools import TOOLS, Tool
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.renderers.tool_renderers import Surroundings, build_diffusion_renderers
from gpu_tasks.tools.cutting.masked import cut_out_by_mask, find_certain
from gpu_tasks.tools.cutting.matte import cut_out, has_plain_ground, inspect, trim
from gpu_tasks.tools.cutting.motifs import MotifCutter
from tests.gpu.motifs import BROWN, RED, a_gradient, a_motif, compose, noise, overlap, plain
from tests.gpu.rendering import MODEL, SETTINGS, a_diffusion, an_order_of, no_source, render, silent, studio
from tests.gpu.tools.test_cutting import drawn_by


class NoUpscaler:
    identity = {"doubler": "1"}  # noqa: RUF012

    def upscale(self, pixels: Pixels, factor: int) -> Pixels:
        return pixels.repeat(factor, 0).repeat(factor, 1)


class Oracle:
    """A network that returns a mask and counts its calls."""

    identity = {"oracle": "2"}  # noqa: RUF012

    def __init__(self, mask: NDArray[np.float32]) -> None:
        self.asked = 0
        self._mask = mask

    def find_object(self, picture: Pixels) -> NDArray[np.float32]:
        self.asked += 1
        return self._mask


def coarse(motif: Pixels, side: int = 64) -> NDArray[np.float32]:
    """The mask that a good network returns for a motif."""
    small = np.asarray(Image.fromarray(motif[..., 3]).resize((side, side)), np.float32)
    return (small / 255).astype(np.float32)


def cut(picture: Pixels, network: Oracle) -> Drawing:
    cutter = MotifCutter(NoUpscaler(), network)  # type: ignore[arg-type]
    return cutter.cut_out(Drawing(pixels=picture, seed=1))


# The choice between the two.


@pytest.mark.parametrize("ground", [a_gradient, noise], ids=["gradient", "grain"])
def test_a_ground_that_is_not_plain_is_cut_by_the_network(ground: Callable[[int], NDArray[np.float64]]) -> None:
    motif = a_motif(128)
    network = Oracle(coarse(motif))

    done = cut(compose(motif, ground(128)), network)

    assert inspect(cut_out(compose(motif, ground(128)))).flaw
    assert done.flaw is None
    assert overlap(done.pixels, motif.repeat(4, 0).repeat(4, 1)) > 0.97
    assert done.networks == {"doubler": "1", "oracle": "2"}


@pytest.mark.parametrize("pieces", [1, 16], ids=["clean", "flawed"])
def test_a_plain_ground_is_cut_by_its_colour_whatever_the_flaw(pieces: int) -> None:
    picture = plain(128).astype(np.uint8)
    for piece in range(pieces):
        top, left = divmod(piece, 4)
        picture[8 + 30 * top : 28 + 30 * top, 8 + 30 * left : 28 + 30 * left] = RED
    network = Oracle(np.zeros((64, 64), np.float32))

    done = cut(picture, network)

    assert network.asked == 0
    assert (done.flaw is not None) == (pieces == 16)
    assert done.networks == {"doubler": "1"}


def test_an_object_that_extends_beyond_a_plain_ground_keeps_its_flaw() -> None:
    picture = plain(128).astype(np.uint8)
    picture[40:90, 30:] = RED
    network = Oracle(np.zeros((64, 64), np.float32))

    done = cut(picture, network)

    assert done.flaw
    assert "beyond the image" in done.flaw.reason
    assert network.asked == 0


def test_of_two_flawed_cuts_the_less_severe_is_kept() -> None:
    picture = compose(a_motif(128), a_gradient(128))

    nothing = cut(picture, Oracle(np.zeros((64, 64), np.float32)))

    assert nothing.flaw
    assert not nothing.flaw.fatal
    assert nothing.networks == {"doubler": "1", "oracle": "2"}


@pytest.mark.parametrize(
    ("ground", "expected"),
    [(plain, True), (a_gradient, False), (noise, False)],
    ids=["white", "gradient", "grain"],
)
def test_a_plain_ground_has_one_colour(ground: Callable[[int], NDArray[np.float64]], expected: bool) -> None:
    faint = np.random.default_rng(0).normal(0, 1, (128, 128, 3))
    beyond = a_motif(128)
    beyond[:30, :40] = (*RED, 255)

    for motif in (a_motif(128), beyond):
        assert has_plain_ground(compose(motif, ground(128) + faint)) is expected


def test_a_drawing_that_the_network_cuts_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    motif = a_motif(128)
    order = an_order_of("clipart", 1, '{"prompt": "a", "cut": "outline", "width_mm": 25}')
    seeds = drawn_by(monkeypatch, "clipart", compose(motif, a_gradient(128)))

    [done] = render(order)

    assert len(seeds) == 1
    assert done.seed == seeds[0]
    expected = Image.fromarray(trim(motif, 0)).resize(done.pixels.shape[1::-1], Image.Resampling.NEAREST)
    assert overlap(done.pixels, np.asarray(expected)) > 0.95
    assert list(done.networks) == ["craftspark-upscaler-x4", "u2netp"]
    assert studio().networks.keys() == done.networks.keys()


def test_a_drawing_that_neither_cuts_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MattingNetwork, "find_object", lambda *_: np.zeros((64, 64), np.float32))
    order = an_order_of("clipart", 1, '{"prompt": "a", "cut": "outline", "width_mm": 25}')
    motif = a_motif(128)
    seeds = drawn_by(monkeypatch, "clipart", compose(motif, a_gradient(128)), compose(motif, plain(128)))

    [done] = studio().render([order], silent)

    assert isinstance(done, Drawing)
    assert done.seed == seeds[1]
    assert list(done.networks) == ["craftspark-upscaler-x4", "u2netp"]


# The cut by the network's mask.


def test_the_edge_is_that_of_the_picture_and_has_no_fringe() -> None:
    """The mask has a fourth of the picture's pixels per side."""
    motif = a_motif(256)

    done = cut_out_by_mask(compose(motif, a_gradient(256)), coarse(motif))

    assert overlap(done, motif) > 0.99
    difference = abs(done[..., 3].astype(int) - motif[..., 3])
    assert np.quantile(difference[motif[..., 3] > 0], 0.98) < 20
    rim = (done[..., 3] > 30) & (done[..., 3] < 225) & (np.arange(256)[:, None] > 128)
    assert rim.sum() > 100
    assert abs(done[rim][:, :3].astype(int) - RED).max() <= 2


@pytest.mark.parametrize("colour", [BROWN, (90, 150, 60)])
def test_a_thin_part_keeps_its_colour(colour: tuple[int, int, int]) -> None:
    """Seen from the ground, the second colour is not in the direction of the disc's."""
    motif = a_motif(256)
    motif[:54, :, :3] = colour  # above the disc

    done = cut_out_by_mask(compose(motif, a_gradient(256)), coarse(motif))

    stem = np.s_[35:50, 126:130]
    assert (done[stem][..., 3] == 255).all()
    assert (done[stem][..., :3] == colour).all()


def test_grain_near_the_edge_is_not_part_of_the_object() -> None:
    motif = a_motif(256)
    picture = compose(motif, plain(256))
    picture[124:132, 212:220] = RED  # larger than a speck, 12 pixels from the disc
    mask = coarse(motif)
    mask[29:35, 50:58] = 0.4

    done = cut_out_by_mask(picture, mask)

    assert (done[120:136, 210:224, 3] == 0).all()


def test_colours_that_do_not_tell_the_object_from_the_ground_leave_it_to_the_mask() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    mask = coarse(a_motif(64))

    done = cut_out_by_mask(picture, mask)

    assert abs(done[..., 3].astype(int) - mask * 255).max() < 30
    assert done[32, 32, 3] == 255


def test_certain_ground_is_clear() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)

    done = cut_out_by_mask(picture, np.maximum(coarse(a_motif(64)), np.float32(0.08)))

    assert (done[:8, :8, 3] == 0).all()


def test_a_mask_without_certain_pixels_is_taken_as_it_is() -> None:
    motif = a_motif(64)

    done = cut_out_by_mask(compose(motif, a_gradient(64)), coarse(motif) * np.float32(0.7))

    assert (done[..., 3] == np.where(coarse(motif) * np.float32(0.7) >= 0.5, 255, 0)).all()


@pytest.mark.parametrize("value", [0, 1])
def test_a_mask_of_nothing_or_all_is_a_flaw(value: int) -> None:
    picture = compose(a_motif(64), a_gradient(64))

    done = cut_out_by_mask(picture, np.full((32, 32), value, np.float32))

    assert (done[..., 3] == 255 * value).all()
    assert inspect(done).flaw


def test_certain_pixels_are_away_from_the_edge() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1

    core, ground = find_certain(mask)

    assert core[12:28, 12:28].all()
    assert not core[10].any()
    assert ground[:8].all()
    assert not ground[8:32, 12:28].any()


def test_the_built_in_network_is_better_than_the_ground_on_a_gradient() -> None:
    motif = a_motif(256)
    picture = compose(motif, a_gradient(256))
    network = MattingNetwork.open(BUILT_IN / "u2netp")

    assert overlap(cut_out(picture), motif) < 0.8
    assert overlap(cut_out_by_mask(picture, network.find_object(picture)), motif) > 0.98


# Which networks assist a model.


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_a_tool_loads_the_networks_that_the_stage_has_for_what_it_names(
    tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stage's networks are copies with other names, as of a later revision in the bucket.
    served = ToolNetworks(enlarge="larger", cut="cutter")
    for does, name in served.names.items():
        built_in = NETWORKS[BUILT_IN_NETWORKS.names[does]]
        folder = tmp_path / name / "revision"
        copytree(BUILT_IN / built_in.source.removeprefix("built-in:"), folder)
        entry = replace(built_in, name=name, source=f"built-in:{folder}")
        monkeypatch.setattr("craftspark.models.networks.NETWORKS", {**networks.NETWORKS, name: entry})
    surroundings = Surroundings.of(no_source, replace(SETTINGS, networks=served.to_text()))

    renderers = build_diffusion_renderers(a_diffusion(), surroundings, [tool.name])

    expected = {served.names[does] for does in (tool.network, *tool.assists(MODEL)) if does}
    assert set(renderers.networks) == expected
