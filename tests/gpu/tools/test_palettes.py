"""Pictures in the colours of a palette."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from gpu_tasks.images.oklab import read_colours, to_oklab
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.tools.pattern.palettes import REACH, find_palette, recolour

PALETTE = ("#1d3557", "#e63946", "#f1faee")


def badge(size: int = 200) -> Pixels:
    """A smooth yellow disc with a red square and a dark bar, on a transparent ground."""
    image = Image.new("RGBA", (size * 4, size * 4))
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, size * 4 - 40, size * 4 - 40), fill="#f5d442")
    draw.rectangle((size, size, size * 2, size * 3), fill="#c0392b")
    draw.rectangle((int(size * 2.4), size, int(size * 2.8), size * 3), fill="#1b1b2f")
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


def test_known_colours_have_the_published_oklab_values() -> None:
    white, red, blue = to_oklab(read_colours(["#ffffff", "#ff0000", "#0000ff"]))

    np.testing.assert_allclose(white, (1, 0, 0), atol=1e-3)
    np.testing.assert_allclose(red, (0.628, 0.2249, 0.1258), atol=1e-3)
    np.testing.assert_allclose(blue, (0.452, -0.0325, -0.3115), atol=1e-3)


def test_areas_get_exactly_the_colours_of_the_palette_light_ones_for_light_ones() -> None:
    picture = badge()

    [painted] = recolour([picture], PALETTE)

    assert painted.shape == picture.shape
    np.testing.assert_array_equal(painted[..., 3], picture[..., 3])
    navy, red, cream = read_colours(PALETTE)
    np.testing.assert_array_equal(painted[100, 160, :3], cream)
    np.testing.assert_array_equal(painted[100, 75, :3], red)
    np.testing.assert_array_equal(painted[100, 130, :3], navy)
    exact = (painted[..., None, :3] == read_colours(PALETTE)).all(3).any(2)
    assert exact[picture[..., 3] == 255].mean() > 0.9


def test_an_edge_between_two_areas_has_only_mixtures_of_their_colours() -> None:
    # A mixture of yellow and dark blue is near to the third main colour, an olive.
    picture = np.full((120, 200, 3), (245, 212, 66), np.uint8)
    picture[:, 100:] = (27, 27, 80)
    picture[:20, :60] = (136, 120, 73)
    picture[:, 99:101] = (136, 120, 73)

    [painted] = recolour([picture], ("#ffffff", "#00ff00", "#000000"))

    across = painted[60, 80:120].astype(int)
    assert (np.abs(across[:, 0] - across[:, 1]) <= 1).all()  # greys between white and black, and no green
    assert (np.diff(across[:, 0]) <= 0).all()


def test_pictures_of_one_tile_share_the_colours() -> None:
    red, dark = np.full((40, 40, 3), (200, 30, 30), np.uint8), np.full((40, 40, 3), (20, 20, 60), np.uint8)

    painted = recolour([red, dark], ("#ffffff", "#000000"))

    assert [tuple(picture[20, 20]) for picture in painted] == [(255, 255, 255), (0, 0, 0)]


@pytest.mark.parametrize("palette", [("#336699",), PALETTE, (*PALETTE, "#ffb703", "#2a9d8f", "#000000")])
@given(seed=st.integers(0, 2**32 - 1), channels=st.sampled_from((3, 4)))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_any_picture_can_be_recoloured_and_stays_within_the_palette(
    palette: tuple[str, ...], seed: int, channels: int
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (24, 30, channels), dtype=np.uint8)

    [painted] = recolour([picture], palette)

    colours = read_colours(palette)
    assert painted.shape == picture.shape
    assert (painted[..., :3] >= colours.min(0)).all()
    assert (painted[..., :3] <= colours.max(0)).all()
    np.testing.assert_array_equal(recolour([picture], palette)[0], painted)


def test_a_transparent_picture_stays_transparent() -> None:
    [painted] = recolour([np.zeros((20, 20, 4), np.uint8)], PALETTE)

    assert not painted[..., 3].any()


def test_a_pixel_s_colour_depends_only_on_pixels_within_reach() -> None:
    left = np.full((120, 160, 3), (245, 212, 66), np.uint8)
    left[:, 80:] = (27, 27, 80)
    other = left.copy()
    other[:, 80 + REACH + 1 :][::2] = (245, 212, 66)

    one, two = (recolour([picture], ("#ffffff", "#000000"))[0] for picture in (left, other))

    np.testing.assert_array_equal(one[:, :80], two[:, :80])


def test_the_palette_of_a_picture_is_its_main_colours() -> None:
    for picture in (badge(), badge(1000)):
        found = read_colours(find_palette(picture, 6)).astype(int)

        for colour in read_colours(["#f5d442", "#c0392b", "#1b1b2f"]).astype(int):
            assert np.abs(found - colour).max(1).min() <= 4
        assert 3 <= len(found) <= 6
        assert len(np.unique(found, axis=0)) == len(found)


def test_the_palette_of_a_picture_without_colours_is_one_colour() -> None:
    assert find_palette(np.full((20, 20, 3), 80, np.uint8), 6) == ["#505050"]
    assert find_palette(np.zeros((20, 20, 4), np.uint8), 6) == ["#000000"]
