"""The device tables: every device has profiles, every estimate says so, and the wave follows the measurements."""

from dataclasses import fields
from typing import Any

import pytest

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.gpus import GPUS, gpu_of, name_gpu
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS
from craftspark.models.profiles import FOLDER, HOST, find_record, read_table
from craftspark.models.work import Profile

DEVICES = ("cpu", *{gpu.name: gpu for gpu in GPUS.values()})
NAMES = (HOST, *CATALOGUE, *(network.name for network in NETWORKS.values() if network.does in BUILT_IN_NETWORKS.names))
UNITS = {field.name for field in fields(Profile)} | {"matte_s"}


def own_records() -> list[Any]:
    return [
        pytest.param(device, name, record, id=f"{device}-{name}")
        for device in DEVICES
        for name, record in read_table(device)["records"].items()
    ]


def test_each_gpu_has_a_table_and_each_table_names_its_device() -> None:
    tables = {path.stem for path in FOLDER.glob("*.json")}

    assert set(DEVICES) <= tables
    assert all(read_table(device)["device"] == device for device in tables)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("device", DEVICES[1:])
def test_each_model_and_network_has_a_record_on_each_gpu(device: str, name: str) -> None:
    record = find_record(device, name)

    assert record is not None
    assert set(record.seconds) <= UNITS
    assert all(seconds >= 0 for seconds in record.seconds.values())
    assert record.estimated == record.source.startswith("estimate: ")


@pytest.mark.parametrize(("device", "name", "record"), own_records())
def test_a_record_is_measured_or_says_from_what_it_is_estimated(device: str, name: str, record: Any) -> None:
    assert name in NAMES
    if "from" in record:
        assert find_record(record["from"], name)
        assert record["times"] > 0
        assert record["reason"].endswith(".")
    else:
        assert record["source"].startswith("estimate: " if record.get("estimated") else "measured on ")


def test_what_a_table_lacks_is_scaled_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[str, Any] = {
        "fast": {"records": {"m": {"source": "measured on it", "wave_size": 4, "seconds": {"step_s": 0.5}}}},
        "slow": {"scaled": {"from": "fast", "times": 3, "reason": "It is old."}, "records": {}},
    }
    monkeypatch.setattr("craftspark.models.profiles.read_table", lambda device: tables.get(device, {}))

    slow = find_record("slow", "m")

    assert slow
    assert (slow.seconds, slow.estimated, slow.wave_size) == ({"step_s": 1.5}, True, 1)
    assert slow.source == "estimate: 3 times fast. It is old."
    assert find_record("slow", "other") is None
    assert find_record("unknown", "m") is None


def test_a_model_without_a_profile_on_a_device_says_so() -> None:
    model = find_model("sdxl-lightning").on("cpu")

    assert not model.has_profile
    assert model.wave_size == 1
    with pytest.raises(ModelUnavailable, match="sdxl-lightning has no profile for the device cpu"):
        _ = model.profile


def test_the_wave_of_the_built_in_model_on_a_cpu_is_that_of_its_pixels() -> None:
    assert find_model("craftspark-clipart-128").on("cpu").wave_size == 4


@pytest.mark.parametrize(
    ("reported", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("Tesla T4", "T4"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("NVIDIA GeForce RTX 4090", "NVIDIA-GeForce-RTX-4090"),
        ("Odd / name", "Odd-name"),
    ],
)
def test_a_gpu_has_the_name_of_its_table(reported: str, name: str) -> None:
    assert name_gpu(reported) == name


def test_the_gpu_of_an_instance_type_is_that_of_its_family() -> None:
    assert gpu_of("g6e.xlarge").name == "L40S"
