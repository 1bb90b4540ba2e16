"""Pictures enlarged to an exact size."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from craftspark.errors import InvalidInput
from craftspark.models import enlarging
from craftspark.models.enlarging import enlarging_megapixels, plan_passes
from craftspark.models.work import upscaler_megapixels
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.enlarging import enlarge_to
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from tests.gpu.rendering import DEVICE


class RecordedUpscaler(Upscaler):
    """Repeats pixels, and records the factors."""

    def __init__(self) -> None:
        self.factors = list[int]()

    def enlarge_in_bands(
        self, pixels: Pixels, factor: int, on_tile: Callable[[float], None] = lambda _: None
    ) -> Iterator[Pixels]:
        self.factors.append(factor)
        large = pixels.repeat(factor, 0).repeat(factor, 1)
        on_tile(0.5)
        yield large[: len(large) // 2]
        on_tile(1.0)
        yield large[len(large) // 2 :]


def a_disc(side: int, channels: int = 3) -> Pixels:
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    picture = np.zeros((side, side, 4), np.uint8)
    picture[np.hypot(x, y) < side / 3] = (200, 30, 30, 255)
    if channels == 3:
        picture[picture[..., 3] == 0] = 255
    return np.ascontiguousarray(picture[..., :channels])


@pytest.mark.parametrize(
    ("picture", "result", "factors"),
    [
        ((100, 50), (100, 50), []),
        ((100, 50), (40, 20), []),
        ((100, 50), (120, 60), []),
        ((100, 50), (130, 65), [2]),
        ((100, 50), (240, 50), [2]),
        ((100, 50), (50, 240), [4]),
        ((100, 50), (480, 240), [4]),
        ((100, 50), (800, 400), [4, 2]),
        ((100, 50), (1600, 800), [4, 4]),
        ((16, 16), (1000, 1000), [4, 4, 4]),
    ],
)
def test_as_many_passes_are_made_as_a_size_needs(
    picture: tuple[int, int], result: tuple[int, int], factors: list[int]
) -> None:
    upscaler = RecordedUpscaler()

    large = enlarge_to(np.zeros((*picture[::-1], 3), np.uint8), result, upscaler)

    assert large.shape == (*result[::-1], 3)
    assert upscaler.factors == factors


def test_no_pass_exceeds_the_largest_result_or_four_times_as_much_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enlarging, "MAX_ENLARGED_PIXELS", 100 * 100)

    assert plan_passes((25, 25), (4000, 4000)) == [4, 2]
    assert plan_passes((60, 60), (4000, 4000)) == [2]
    assert plan_passes((101, 101), (4000, 4000)) == []


def test_a_result_that_would_not_fit_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_tasks.inference.enlarging.MAX_ENLARGED_PIXELS", 100)

    with pytest.raises(InvalidInput, match="11 x 10 pixels"):
        enlarge_to(a_disc(5), (11, 10), RecordedUpscaler())


def test_the_work_counts_every_pass_with_its_surroundings_and_alpha_twice() -> None:
    first, second = upscaler_megapixels(100, 50, 18), upscaler_megapixels(400, 200, 18)

    assert enlarging_megapixels((100, 50), (800, 400), 18) == pytest.approx(first + second)
    assert enlarging_megapixels((100, 50), (800, 400), 18, alpha=True) == pytest.approx(2 * (first + second))
    assert enlarging_megapixels((100, 50), (100, 50), 18) == 0


def test_progress_never_goes_back_and_the_larger_pass_counts_for_more() -> None:
    told: list[float] = []

    enlarge_to(a_disc(20), (160, 160), RecordedUpscaler(), told.append)

    assert told == pytest.approx([0.5 / 17, 1 / 17, 9 / 17, 1])


def test_a_smaller_size_is_averaged() -> None:
    dots = np.zeros((80, 80, 3), np.uint8)
    dots[::2, ::2] = 255

    assert np.ptp(enlarge_to(dots, (10, 10), RecordedUpscaler())[1:-1, 1:-1]) < 8


@pytest.mark.parametrize("side", [12, 60, 150])
def test_clear_pixels_lend_no_colour_to_visible_ones(side: int) -> None:
    clear = a_disc(60, 4)
    clear[clear[..., 3] == 0, :3] = (0, 255, 0)

    large = enlarge_to(clear, (side, side), RecordedUpscaler())

    seen = large[large[..., 3] > 64].astype(int)
    assert large[0, 0, 3] == 0
    assert np.abs(seen[:, :3] - (200, 30, 30)).max() <= 3


def test_the_network_is_nearer_to_the_original_than_resampling() -> None:
    shipped = Upscaler.open(BUILT_IN / "craftspark-upscaler-x4", device=DEVICE)
    original = np.asarray(Image.fromarray(a_disc(600)).reduce(2)).astype(int)
    small = np.asarray(Image.fromarray(a_disc(600)).reduce(6))

    large = enlarge_to(small, (300, 300), shipped)

    resampled = np.asarray(Image.fromarray(small).resize((300, 300), Image.Resampling.BICUBIC))
    assert np.abs(large - original).mean() < 0.7 * np.abs(resampled - original).mean()
