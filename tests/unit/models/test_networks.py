"""The catalogue of upscalers, matting networks and encoders."""

import json
from pathlib import Path

import pytest

from craftspark.errors import ModelUnavailable
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS, find_network

ROOT = Path(__file__).parents[3]
BUILT_IN = [network for network in NETWORKS.values() if network.source.startswith("built-in:")]


@pytest.mark.parametrize("network", BUILT_IN, ids=lambda network: network.name)
def test_a_built_in_network_is_there_and_its_author_in_the_notice(network) -> None:  # type: ignore[no-untyped-def]
    folder = ROOT / "gpu_tasks" / "models" / network.source.removeprefix("built-in:")
    author = network.attribution.split(", ")[-1].removesuffix(" et al.")

    assert {"README.md", "config.json"} < json.loads((folder / "manifest.json").read_text()).keys()
    assert author in (ROOT / "NOTICE").read_text()
    assert network.licence in (folder / "README.md").read_text().lower()


def test_the_networks_of_the_gpu_image_are_built_in() -> None:
    for does, name in BUILT_IN_NETWORKS.names.items():
        assert find_network(name, does) in BUILT_IN


@pytest.mark.parametrize("network", NETWORKS.values(), ids=lambda network: network.name)
def test_an_encoder_has_a_dimension_and_only_an_upscaler_a_reach(network) -> None:  # type: ignore[no-untyped-def]
    assert (network.dimension > 0) == (network.does == "embed")
    assert (network.reach > 0) == (network.does == "enlarge")


def test_a_network_is_found_only_for_its_task() -> None:
    with pytest.raises(ModelUnavailable, match=r"no network u2netp to enlarge; .*craftspark-upscaler-x4"):
        find_network("u2netp", "enlarge")


def test_each_upscaler_has_its_reach_and_memory() -> None:
    upscalers = [network for network in NETWORKS.values() if network.does == "enlarge"]

    assert upscalers
    assert all(network.reach > 0 and network.gpu_memory_gib > 0 for network in upscalers)
