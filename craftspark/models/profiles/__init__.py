"""The device tables: what the work of models takes on each device, measured or estimated.

Each device has a JSON file in the folder `data`, named `cpu` or by its GPU. `python -m gpu_tasks.profile` measures a
record and writes it there. docs/models.md describes the fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from craftspark.models.acceleration import NO_ACCELERATION, Acceleration
from craftspark.models.networks import ToolNetworks
from craftspark.models.work import Profile

FOLDER = Path(__file__).parent / "data"
HOST = "host"
# The share of a model's drawings that the matting network cuts out, unless its record has another.
MATTED = 0.25


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a model, a network or the host takes on a device.

    `seconds` are by unit of work, as in Profile. `source` says where and when they were measured; `estimated` is true
    if they were not measured on this device. `wave_size` is the number of images in each call of a model, and
    `acceleration` what makes it faster there.
    """

    seconds: Mapping[str, float]
    source: str
    estimated: bool
    wave_size: int = 1
    matted: float = MATTED
    acceleration: Acceleration = NO_ACCELERATION
    facts: Mapping[str, Any] = field(default_factory=dict)

    def scaled(self, times: float, source: str) -> "Record":
        """The estimate for a device on which all work takes `times` as long."""
        seconds = {unit: float(f"{value * times:.3g}") for unit, value in self.seconds.items()}
        return Record(seconds=seconds, source=source, estimated=True, matted=self.matted)


def find_record(device: str, name: str) -> Record | None:
    """The record of a model, a network or the host; None if the device has none.

    What a table lacks is scaled from the device that the table names.
    """
    table = read_table(device)
    record = table.get("records", {}).get(name)
    if record is None or "from" in record:
        return _scale(record or table.get("scaled"), name)
    facts = {name: value for name, value in record.items() if name not in ("seconds", "source", "estimated")}
    return Record(
        seconds=record["seconds"],
        source=record["source"],
        estimated=record.get("estimated", False),
        wave_size=record.get("wave_size", 1),
        matted=record.get("matted", MATTED),
        acceleration=Acceleration(**record.get("acceleration", {})),
        facts=facts,
    )


def _scale(rule: Mapping[str, Any] | None, name: str) -> Record | None:
    measured = find_record(rule["from"], name) if rule else None
    if rule is None or measured is None:
        return None
    return measured.scaled(rule["times"], f"estimate: {rule['times']:g} times {rule['from']}. {rule['reason']}")


@cache
def find_profile(device: str, model: str, networks: ToolNetworks) -> Profile | None:
    """The profile of a model or an upscaler on a device, with those of the host and of the networks that tools
    use with it. None if one of them has no record there.
    """
    records = [find_record(device, name) for name in (model, HOST, networks.enlarge, networks.cut)]
    own, host, enlarge, matte = records
    if own is None or host is None or enlarge is None or matte is None:
        return None
    cut_s = host.seconds["cut_s"] + own.matted * matte.seconds["matte_s"]
    return Profile(**{**host.seconds, **enlarge.seconds, "cut_s": cut_s, **own.seconds})


@cache
def read_table(device: str) -> dict[str, Any]:
    """The table of a device, empty if it has no file."""
    try:
        table: dict[str, Any] = json.loads((FOLDER / f"{device}.json").read_text())
    except FileNotFoundError:
        return {}
    return table
