"""A cut file has a shape to cut and stays within its limit of nodes. Otherwise the image is not delivered."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from craftspark.errors import ImageFlawed
from gpu_tasks.images.drawing import MIN_INK, Drawing, find_blank_flaw, make_drawing
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.images.vectors.svg import write_svg
from gpu_tasks.tools.cutting.cut_file import MAX_NODES, MIN_IOU, MIN_WIDE, CutFile, CutOptions, make_cut_file
from gpu_tasks.tools.cutting.planning import finish_cut, plan_cut
from tests.gpu.rendering import an_order_of, render, silent, studio

CASES = Path(__file__).parents[2] / "cases"
PATH = "{http://www.w3.org/2000/svg}path"


def rings_in(svg: str | bytes) -> list[str]:
    paths = [path.get("d", "") for path in ElementTree.fromstring(svg).iter(PATH)]
    return [ring for path in paths for ring in path.split("M")[1:]]


def nodes_in(svg: str | bytes) -> int:
    return sum(ring.count("L") + ring.count("C") for ring in rings_in(svg))


def speckles(size: int, seed: int, scale: float, threshold: float) -> Pixels:
    """Blobs of many colours on a transparent background. A smaller `scale` makes them finer."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((size, size)), scale)
    alpha = np.where(field > threshold * field.std(), 255, 0).astype(np.uint8)
    colours = ndimage.gaussian_filter(rng.standard_normal((size, size, 3)), (scale, scale, 0))
    levels = (128 + 60 * colours / colours.std()).clip(0, 255).astype(np.uint8)
    return np.dstack([levels, alpha])


def disc(size: int, radius: float) -> Pixels:
    """A red disc on white."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[np.hypot(x, y) <= radius] = (200, 30, 10)
    return picture


def bar(size: int) -> Pixels:
    """A red bar on white, six times as wide as it is high."""
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[size // 2 - size // 16 : size // 2 + size // 16, size // 8 : -size // 8] = (200, 30, 10)
    return picture


def dots(size: int, period: int = 8) -> Pixels:
    """A drawing of separate dots."""
    y, x = np.mgrid[:size, :size] % period
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[(y > 0) & (y < period - 1) & (x > 0) & (x < period - 1)] = (20, 60, 160)
    return picture


def test_detail_at_any_size_and_number_of_colours_stays_within_the_budget() -> None:
    order = an_order_of("clipart", 5, (CASES / "clipart-over-node-budget.json").read_text())

    done = studio().finish(order, render(order)[0])

    assert 100 < nodes_in(done.files["cut.svg"]) <= MAX_NODES
    assert done.scores["cut_nodes"] == nodes_in(done.files["cut.svg"])
    assert done.scores["cut_iou"] > 0.95


@given(
    seed=st.integers(0, 99),
    scale=st.floats(1, 12),
    threshold=st.floats(-2, 2),
    width_mm=st.floats(10, 600),
    smallest_mm=st.floats(0.2, 20),
    colours=st.sampled_from((0, 2, 6, 16)),
    outline_mm=st.sampled_from((0, 3, 20)),
    max_nodes=st.sampled_from((60, 400, 2000)),
)
@settings(max_examples=16, deadline=None, derandomize=True)
def test_a_cut_file_has_paths_and_no_more_nodes_than_it_may_or_is_a_flaw(
    seed: int,
    scale: float,
    threshold: float,
    width_mm: float,
    smallest_mm: float,
    colours: int,
    outline_mm: float,
    max_nodes: int,
) -> None:
    motif = speckles(96, seed, scale, threshold)
    options = CutOptions(
        width_mm=width_mm, smallest_mm=smallest_mm, colours=colours, outline_mm=outline_mm, max_nodes=max_nodes
    )

    try:
        cut = make_cut_file(motif, options)
    except ImageFlawed:
        return

    assert 0 < nodes_in(write_svg(cut.page)) == cut.page.nodes <= max_nodes
    assert all(layer.rings for layer in cut.page.layers)
    assert cut.iou >= MIN_WIDE * MIN_IOU


def test_more_dots_than_a_file_has_nodes_for_are_refused_before_they_are_worked_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("polygons of what cannot fit")

    monkeypatch.setattr("gpu_tasks.tools.cutting.cut_file.fill_contours", never)
    picture = dots(512, 4)
    alpha = np.where((picture == 255).all(2), 0, 255).astype(np.uint8)

    with pytest.raises(ImageFlawed, match="more detail"):
        make_cut_file(np.dstack([picture, alpha]), CutOptions(width_mm=600, smallest_mm=0.2))


def drawn_by(monkeypatch: pytest.MonkeyPatch, tool: str, *pictures: Pixels) -> list[int]:
    """Make the model draw these pictures, one after the other. Returns the requested seeds."""
    diffusion = studio()._renderers[tool]._diffusion  # type: ignore[attr-defined]
    left = list(pictures)
    seeds: list[int] = []

    def draw(sketches, _settings, _on_step):  # type: ignore[no-untyped-def]
        seeds.extend(sketch.seed for sketch in sketches)
        return [left.pop(0) for _ in sketches]

    monkeypatch.setattr(diffusion, "draw", draw)
    return seeds


GOOD = disc(128, 40)


@pytest.mark.parametrize(
    ("bad", "fields", "reason"),
    [
        (bar(128), {"width_mm": 10, "smallest_mm": 5}, "too little is left to cut"),
        (disc(128, 2), {}, "almost"),
        (dots(256), {"width_mm": 600, "smallest_mm": 0.2}, "more detail"),
        (np.full((128, 128, 3), 255, np.uint8), {}, "flat"),
    ],
    ids=["nothing to cut", "almost blank", "over the budget", "blank"],
)
def test_what_cannot_be_cut_is_drawn_once_more_and_then_fails_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, bad: Pixels, fields: dict[str, float], reason: str
) -> None:
    order = an_order_of("clipart", 1, json.dumps({"prompt": "a", "cut": "outline", **fields}))

    seeds = drawn_by(monkeypatch, "clipart", bad, bad)
    [failed] = studio().render([order], silent)

    assert isinstance(failed, ImageFlawed)
    assert reason in failed.detail
    assert len(set(seeds)) == 2


@pytest.mark.parametrize("bad", [disc(128, 2), dots(256)], ids=["almost blank", "over the budget"])
def test_a_good_second_try_is_delivered(monkeypatch: pytest.MonkeyPatch, bad: Pixels) -> None:
    order = an_order_of("clipart", 1, '{"prompt": "a", "width_mm": 600, "smallest_mm": 0.2}')
    seeds = drawn_by(monkeypatch, "clipart", bad, GOOD)

    [drawn] = studio().render([order], silent)

    assert isinstance(drawn, Drawing)
    assert drawn.seed == seeds[1]
    assert rings_in(studio().finish(order, drawn).files["cut.svg"])


@pytest.mark.parametrize("colours", [2, 16])
def test_detail_that_only_the_colours_have_is_a_flaw_too(colours: int) -> None:
    picture = disc(256, 100)
    rng = np.random.default_rng(1)
    inside = (picture != 255).any(2)
    picture[inside] = rng.choice(np.array([[10, 10, 10], [240, 40, 40]], np.uint8), inside.sum())
    alpha = np.where(inside, 255, 0).astype(np.uint8)

    with pytest.raises(ImageFlawed, match="colours"):
        make_cut_file(np.dstack([picture, alpha]), CutOptions(width_mm=600, smallest_mm=0.2, colours=colours))


def patches(seed: int) -> Pixels:
    """A disc of small patches in many colours with a simple outline (128, 128, 3)."""
    picture = disc(128, 56)
    fields = np.random.default_rng(seed).integers(0, 4, (128, 128, 3)) * 70
    inside = (picture != 255).any(2)
    picture[inside] = fields[inside]
    return picture


@pytest.mark.parametrize("second", ["good", "bad"])
def test_colours_over_the_budget_earn_a_second_try_in_ordinary_sizes(
    monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    fields = {"prompt": "a", "colours": 16, "width_mm": 400}
    order = an_order_of("clipart", 1, json.dumps(fields))
    seeds = drawn_by(monkeypatch, "clipart", patches(1), GOOD if second == "good" else patches(2))

    [drawn] = studio().render([order], silent)

    assert len(seeds) == 2
    if second == "good":
        assert isinstance(drawn, Drawing)
        assert rings_in(studio().finish(order, drawn).files["cut.svg"])
    else:
        assert isinstance(drawn, ImageFlawed)
        assert "more detail" in drawn.detail


def test_a_motif_whose_small_copy_can_be_cut_is_cut_however_many_nodes_it_has_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small copy of fine patches has fewer patches than the limit of nodes, and the full motif has more."""
    picture = disc(512, 224)
    inside = (picture != 255).any(2)
    motif = np.dstack([picture, np.where(inside, 255, 0).astype(np.uint8)])
    options = CutOptions(colours=2)
    plan = plan_cut(motif, options)
    assert not plan.final
    monkeypatch.setattr("gpu_tasks.tools.cutting.planning.make_cut_file", refuse)

    assert finish_cut(motif, options, plan).page is plan.cut.page


def test_a_small_copy_that_cannot_be_cut_leaves_the_verdict_to_the_motif(monkeypatch: pytest.MonkeyPatch) -> None:
    motif = np.dstack([disc(512, 224), np.full((512, 512), 255, np.uint8)])

    def only_large(pixels: Pixels, options: CutOptions) -> CutFile:
        return make_cut_file(pixels, options) if len(pixels) == 512 else refuse()

    monkeypatch.setattr("gpu_tasks.tools.cutting.planning.make_cut_file", only_large)

    assert plan_cut(motif, CutOptions()).final


def refuse(*_: object) -> CutFile:
    raise ImageFlawed("more detail")


# An almost empty picture.


def test_a_picture_of_almost_nothing_is_flawed() -> None:
    speck = disc(512, 9)
    share = float((speck != 255).any(2).mean())
    assert 0.0009 < share < MIN_INK

    flaw = find_blank_flaw(speck)

    assert flaw
    assert flaw.fatal
    assert find_blank_flaw(disc(512, 26)) is None


def test_noise_on_the_ground_is_no_ink_and_a_soft_texture_is() -> None:
    rng = np.random.default_rng(0)
    noisy = (disc(256, 4).astype(int) - rng.integers(0, 6, (256, 256, 1))).clip(0, 255).astype(np.uint8)
    texture = (220 + rng.integers(-14, 15, (256, 256, 3))).astype(np.uint8)

    assert find_blank_flaw(noisy)
    assert find_blank_flaw(texture) is None


def test_a_picture_that_began_almost_blank_may_stay_so_and_one_that_did_not_may_not() -> None:
    speck = disc(512, 9)

    assert make_drawing(speck, 1, start=speck).flaw is None
    assert make_drawing(speck, 1, start=disc(512, 100)).flaw
    assert make_drawing(np.full((64, 64, 3), 255, np.uint8), 1, start=speck).flaw
