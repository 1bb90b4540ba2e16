"""Prices: they follow the work of a model on the device of its pool."""

from dataclasses import replace
from math import ceil

import pytest

from craftspark.errors import InvalidInput
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.gpus import GPUS
from craftspark.models.prices import CREDIT_S, credits_for_steps, credits_per_step
from craftspark.models.work import Profile
from craftspark.tools.picture import PictureRequest
from craftspark.tools.sources import Source
from craftspark.tools.upscale import UpscaleRequest
from craftspark.tools.variations import VariationsRequest

BUILT_IN = find_model("craftspark-clipart-128")
DEVICES = ("cpu", *{gpu.name: gpu for gpu in GPUS.values()})


def a_source(side: int) -> Source:
    return Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=side, height=side)


def price_of_upscaling(side: int, factor: int, device: str) -> int:
    request = UpscaleRequest(source=a_source(side).reference, factor=factor)  # type: ignore[arg-type]
    return request.credits_per_image(BUILT_IN.on(device), (a_source(side),))


@pytest.mark.parametrize("device", ["cpu", "T4", "A10G", "L4"])
def test_25_steps_of_the_built_in_model_cost_a_credit_on_the_devices_of_the_stages(device: str) -> None:
    for steps in (1, 8, 25, 26, 50, 51, 400, 5000):
        assert credits_for_steps(BUILT_IN.on(device), steps) == ceil(steps / 25)


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=lambda model: model.name)
@pytest.mark.parametrize("device", DEVICES[1:])
def test_an_image_costs_the_seconds_of_the_gpu(model: object, device: str) -> None:
    assert isinstance(model, type(BUILT_IN))
    there = model.on(device)
    request = PictureRequest(prompt="a", steps=there.default_steps)

    price = request.credits_per_image(there)

    assert price >= 1
    assert abs(price - there.drawing_s / CREDIT_S) <= 1 + 0.005 * there.default_steps


def test_a_model_on_a_slower_device_costs_more() -> None:
    model = find_model("sdxl-lightning")

    assert credits_per_step(model.on("T4")) > credits_per_step(model.on("A10G")) > credits_per_step(model.on("H100"))


def test_prices_on_a_laptop_are_those_of_a_gpu() -> None:
    assert credits_per_step(BUILT_IN.on("cpu")) == credits_per_step(BUILT_IN.on("A10G"))


def test_a_measurement_of_about_the_same_speed_does_not_change_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    there = BUILT_IN.on("A10G")
    measured = there.profile
    prices = set()
    for times in (0.9, 1.0, 1.1):
        profile: Profile = replace(measured, step_s=measured.step_s * times, call_s=measured.call_s * times)
        monkeypatch.setattr("craftspark.models.model.find_profile", lambda *_, profile=profile: profile)
        prices.add(credits_per_step(there))

    assert prices == {0.04}


@pytest.mark.parametrize("device", ["cpu", "T4", "A10G", "L4", "H100"])
@pytest.mark.parametrize(
    ("side", "factor", "price"), [(128, 4, 1), (512, 4, 1), (1024, 2, 1), (1024, 4, 4), (2048, 2, 4)]
)
def test_upscaling_costs_a_credit_for_four_megapixels_of_the_result(
    side: int, factor: int, price: int, device: str
) -> None:
    assert price_of_upscaling(side, factor, device) == price


@pytest.mark.parametrize(("side", "more"), [(64, 0), (1024, 0), (2048, 0), (3000, 3), (4096, 3)])
def test_a_variation_costs_its_drawing_and_a_credit_for_each_further_four_megapixels(side: int, more: int) -> None:
    request = VariationsRequest(source=a_source(side).reference, steps=50)

    assert request.credits_per_image(BUILT_IN) == 2
    assert request.credits_per_image(BUILT_IN, (a_source(side),)) == 2 + more


def test_a_source_that_is_too_large_for_variations_is_refused_by_name() -> None:
    request = VariationsRequest(source=a_source(64).reference)

    assert request.for_sources((replace(a_source(64), width=4096),)) == request
    with pytest.raises(InvalidInput, match="at most 4096 per side") as refused:
        request.for_sources((replace(a_source(64), height=4097),))
    assert refused.value.field == "source"


def test_a_slow_upscaler_costs_its_seconds_with_its_own_surroundings_of_tiles() -> None:
    slow = find_model("realesrgan-x4plus").on("A10G")
    request = UpscaleRequest(source=a_source(1024).reference, factor=4)
    megapixels = 16 * (256 + 2 * 32) ** 2 / 1e6

    assert request.load(slow, (a_source(1024),), 1).enlarged == pytest.approx(megapixels)
    assert (
        request.credits_per_image(slow, (a_source(1024),)) == ceil(megapixels * slow.profile.enlarge_s / CREDIT_S) > 4
    )
