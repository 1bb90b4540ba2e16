from itertools import combinations

import pytest

from craftspark.tools.windows import OVERLAP, Box, rounds

WINDOW = (128, 128)
CASES = [
    ((320, 256), Box(0, 0, 256, 256)),
    ((512, 512), Box(192, 192, 320, 320)),
    ((160, 100), Box(0, 0, 100, 100)),
    ((129, 128), Box(1, 0, 129, 128)),
    ((2048, 128), Box(960, 0, 1088, 128)),
    ((300, 300), None),
]


@pytest.mark.parametrize(("canvas", "known"), CASES)
def test_the_windows_and_the_known_area_cover_the_canvas(canvas: tuple[int, int], known: Box | None) -> None:
    boxes = [box for together in rounds(canvas, known, WINDOW) for box in together]

    held = [known, *boxes] if known else boxes
    for x in range(0, canvas[0], 3):
        for y in range(0, canvas[1], 3):
            assert any(box.holds(Box(x, y, x + 1, y + 1)) for box in held), (x, y)


@pytest.mark.parametrize(("canvas", "known"), CASES)
def test_each_window_touches_the_known_area_and_windows_of_a_round_are_independent(
    canvas: tuple[int, int], known: Box | None
) -> None:
    seen = [known] if known else []
    for together in rounds(canvas, known, WINDOW):
        assert not seen or all(any(box.meets(other) for other in seen) for box in together)
        assert not any(one.meets(other, gap=128 // OVERLAP) for one, other in combinations(together, 2))
        seen += together


def test_only_windows_with_something_new_are_drawn() -> None:
    boxes = [box for together in rounds((280, 224), Box(0, 0, 224, 224), WINDOW) for box in together]

    assert boxes == [Box(152, 0, 280, 128), Box(152, 96, 280, 224)]
    assert len([box for together in rounds((280, 224), None, WINDOW) for box in together]) == 6


def test_a_known_canvas_needs_no_window() -> None:
    assert rounds((128, 128), Box(0, 0, 128, 128), WINDOW) == []
