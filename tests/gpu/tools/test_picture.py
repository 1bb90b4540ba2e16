import numpy as np
import pytest

from craftspark.errors import ModelUnavailable, SpotInterrupted
from craftspark.styles.releases import Pin
from craftspark.tools.picture import delivered_size
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.inference.order_inputs import locate_adapter
from tests.fakes import a_job
from tests.gpu.rendering import MODEL, render, studio


def an_order(prompt: str, seed: int, **request: object) -> ImageOrder:
    job = a_job()
    return ImageOrder.of(a_job(request={**job.request, "prompt": prompt, "steps": 4, **request}), 0, seed)


def test_a_small_drawing_is_enlarged_and_keeps_its_seed_and_its_networks() -> None:
    [drawing] = render(an_order("a red apple", 1))

    assert drawing.pixels.shape == (512, 512, 3)
    assert drawing.pixels.dtype == np.uint8
    assert drawing.pixels.std() > 10
    assert set(drawing.networks) == {MODEL.networks.enlarge}


@pytest.mark.parametrize(
    ("drawn", "delivered"),
    [
        ((128, 128), (512, 512)),
        ((64, 96), (512, 768)),
        ((384, 256), (768, 512)),
        ((640, 480), (1280, 960)),
        ((512, 768), (512, 768)),
        ((1344, 768), (1344, 768)),
    ],
)
def test_a_picture_has_512_pixels_on_its_shorter_side_at_least(
    drawn: tuple[int, int], delivered: tuple[int, int]
) -> None:
    assert delivered_size(drawn) == delivered


def test_a_picture_that_is_large_enough_is_as_the_model_drew_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("craftspark.tools.picture.MIN_SIDE", 128)

    [drawing] = render(an_order("a red apple", 1))

    assert drawing.pixels.shape == (128, 128, 3)
    assert drawing.networks == {}


def test_a_red_apple_is_red_on_white() -> None:
    pixels = render(an_order("red apple", 3, steps=20))[0].pixels.astype(int)

    assert pixels[:16, :16].mean() > 240
    middle = pixels[192:320, 192:320].reshape(-1, 3).mean(0)
    assert middle[0] > 1.5 * middle[2]


@pytest.mark.parametrize("neighbours", [0, 1, 2, 3])
def test_an_image_has_the_same_bytes_whatever_its_neighbours_in_the_wave(neighbours: int) -> None:
    alone = render(an_order("a red apple", 5))[0].pixels

    others = [an_order("cat face", seed) for seed in range(neighbours)]
    in_company = render(*others, an_order("a red apple", 5))[-1].pixels

    np.testing.assert_array_equal(alone, in_company)


def test_another_seed_is_another_image() -> None:
    one, other = render(an_order("a red apple", 5), an_order("a red apple", 6))

    assert (one.pixels != other.pixels).any()


def test_a_negative_prompt_changes_the_image() -> None:
    one = render(an_order("a red apple", 5))[0].pixels
    other = render(an_order("a red apple", 5, negative_prompt="leaf"))[0].pixels

    assert (one != other).any()


def test_each_step_is_told_and_an_interruption_in_one_ends_the_wave() -> None:
    told = []

    def interrupted_after_two(share: float) -> None:
        told.append(share)
        if len(told) == 2:
            raise SpotInterrupted("taken back")

    with pytest.raises(SpotInterrupted):
        studio().render([an_order("a red apple", 5)], interrupted_after_two)
    assert told == [0.25, 0.5]


def test_images_of_different_steps_are_of_different_kinds() -> None:
    assert studio().kind(an_order("a", 1)) == studio().kind(an_order("b", 2))
    assert studio().kind(an_order("a", 1)) != studio().kind(an_order("a", 1, steps=5))


def test_a_tool_without_a_renderer_is_refused_by_name() -> None:
    order = ImageOrder.of(a_job(tool="knitting"), 0, 1)

    with pytest.raises(ModelUnavailable, match="knitting"):
        studio().kind(order)


def test_a_pinned_job_is_drawn_by_its_version_and_by_no_other() -> None:
    request = {**a_job().request, "style": "sunny"}
    pinned = a_job(request=request, pin=Pin(style="sunny", version="v2", trial="sunny.v2"))

    source = locate_adapter(ImageOrder.of(pinned, 0, 7), MODEL)

    assert source == "s3:styles/sunny/v2"
