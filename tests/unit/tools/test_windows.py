import pytest

from craftspark.tools.windows import MAX_ELONGATION, Box, choose_size, fit_into, split_canvas

SIZE = (128, 128)
WIDE = Box(0, 0, 64, 64)


@pytest.mark.parametrize(
    ("canvas", "known"),
    [
        ((320, 256), Box(0, 0, 256, 256)),
        ((2048, 2048), Box(1000, 1000, 1016, 1016)),
        ((384, 128), Box(128, 0, 256, 128)),
        ((16, 24), Box(0, 0, 16, 16)),
    ],
)
def test_a_canvas_is_drawn_at_once(canvas: tuple[int, int], known: Box) -> None:
    assert split_canvas(canvas, known, SIZE) == (Box(0, 0, *canvas),)


@pytest.mark.parametrize(
    ("canvas", "known"), [((2048, 64), WIDE), ((64, 2048), WIDE), ((2048, 90), Box(9, 5, 1900, 85))]
)
def test_a_far_more_elongated_canvas_has_parts_that_cover_it_and_overlap(canvas: tuple[int, int], known: Box) -> None:
    parts = split_canvas(canvas, known, SIZE)

    assert len(parts) > 1
    for part in parts:
        assert max(part.size) <= MAX_ELONGATION * min(canvas)
        assert min(part.size) == min(canvas)
    covered = [known, *parts]
    for x in range(0, canvas[0], 3):
        for y in range(0, canvas[1], 3):
            assert any(box.holds(Box(x, y, x + 1, y + 1)) for box in covered), (x, y)
    for place, part in enumerate(parts):
        assert any(part.within(other) for other in (known, *parts[:place]))


def test_nothing_is_drawn_where_everything_is_known() -> None:
    assert split_canvas((300, 300), Box(0, 0, 300, 300), SIZE) == ()


def test_the_size_nearest_in_aspect_is_chosen_and_filled() -> None:
    sizes = ["1024x1024", "1344x768", "768x1344"]

    assert choose_size(16 / 9, sizes) == (1344, 768)
    assert choose_size(9 / 16, sizes) == (768, 1344)
    assert choose_size(10 / 11, sizes) == (1024, 1024)
    assert fit_into((1600, 900), (1344, 768)) == (1344, 756)
    assert fit_into((16, 2), SIZE) == (128, 16)
    assert fit_into((2048, 1), SIZE) == (128, 1)
