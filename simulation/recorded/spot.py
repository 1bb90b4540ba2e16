"""Recorded spot availability: a JSON file with the nodes that were up at each tick, by zone."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.recorded import RecordingInvalid
from simulation.supply import Zone

GAP, NODES = "gap_seconds", "nodes_up"
# Such as `us-east-1a_v100_1`: the region, the letter of the zone, and the family.
ZONE = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)(?P<letter>[a-z])(?:_(?P<family>.+))?$")


@dataclass(frozen=True, kw_only=True)
class SpotRecording:
    """Series of one region that were recorded together. `nodes` is the highest number that was up in any zone."""

    name: str
    series: Mapping[str, tuple[float, Sequence[int]]]  # by the zone's key: seconds between ticks, nodes at each
    length_s: float
    nodes: int

    def scale(self, tasks: int, *, start: float = 0.0) -> tuple[Zone, ...]:
        """The zones of a fleet: a zone with all its nodes up has room for `tasks` tasks. It starts at `start`."""
        return tuple(self._scale_zone(key, tasks, start) for key in self.series)

    def _scale_zone(self, key: str, tasks: int, start: float) -> Zone:
        gap_s, nodes = self.series[key]
        match = ZONE.search(key)
        first = int(start // gap_s)
        capacity: list[tuple[float, int]] = []
        for tick, up in enumerate(nodes[first:], first):
            room = tasks * up // self.nodes if self.nodes else 0
            if not capacity or capacity[-1][1] != room:
                capacity.append((max(0.0, tick * gap_s - start), room))
        name = f"{match['region']}{match['letter']}" if match else key
        return Zone(name=name, family=(match and match["family"]) or "gpu", capacity=capacity)

    def find_share(self) -> float:
        """The share of the time in which any zone had a node up."""
        step_s = min(gap_s for gap_s, _ in self.series.values())
        times = [tick * step_s for tick in range(int(self.length_s // step_s))]
        found = sum(any(nodes[int(at // gap_s)] for gap_s, nodes in self.series.values()) for at in times)
        return found / len(times) if times else 0.0


def read_spot(path: Path) -> list[SpotRecording]:
    """The recordings of a file, one for each region of each folder of its keys. Raises RecordingInvalid."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as failure:
        raise RecordingInvalid(f"{path}: {failure.strerror}") from None
    except (ValueError, RecursionError) as failure:
        raise RecordingInvalid(f"{path}: not JSON: {failure}") from None
    if not isinstance(content, dict) or not content:
        raise RecordingInvalid(f"{path}: expected an object with a series for each zone")
    groups: dict[str, dict[str, tuple[float, Sequence[int]]]] = {}
    for key, value in content.items():
        folder, _, zone = key.rpartition("/")
        match = ZONE.search(zone)
        group = "/".join(filter(None, (folder, match["region"] if match else "")))
        groups.setdefault(group or path.stem, {})[key] = _parse_series(value, f"{path}: {key}")
    return [_group(name, series) for name, series in groups.items()]


def _group(name: str, series: Mapping[str, tuple[float, Sequence[int]]]) -> SpotRecording:
    return SpotRecording(
        name=name,
        series=series,
        length_s=min(gap_s * len(nodes) for gap_s, nodes in series.values()),
        nodes=max(max(nodes) for _, nodes in series.values()),
    )


def _parse_series(value: Any, place: str) -> tuple[float, Sequence[int]]:
    if not isinstance(value, dict):
        raise RecordingInvalid(f"{place}: expected an object with {GAP} and {NODES}")
    gap_s = value.get(GAP)
    if not isinstance(gap_s, int | float) or isinstance(gap_s, bool) or not 1 <= gap_s <= 86_400:
        raise RecordingInvalid(f"{place}: {GAP}: expected 1 to 86400 s, not {gap_s!r}")
    nodes = value.get(NODES)
    if not isinstance(nodes, list) or not nodes:
        raise RecordingInvalid(f"{place}: {NODES}: expected a list of numbers")
    for tick, up in enumerate(nodes):
        if not isinstance(up, int | float) or isinstance(up, bool) or not 0 <= up <= 1_000_000:
            raise RecordingInvalid(f"{place}: {NODES}[{tick}]: expected a number of nodes, not {up!r}")
    return float(gap_s), [int(up) for up in nodes]
