"""The summary and the page of a simulation on recorded spot."""

import json
import re
from pathlib import Path

import pytest

from simulation.plan import Options, plan_spot
from simulation.reports.entries import Entry
from simulation.reports.page import write_page
from simulation.reports.summary import SPOT_ENTRY, build_summary
from simulation.scenarios import CaseResult, Recorded, run

HALF, WHOLE = [1, 0] * 6, [1] * 12


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[CaseResult]:
    """An hour of requests, in one region with spot for half of the time and in one that always has it."""
    folder = tmp_path_factory.mktemp("recordings")
    requests, spot = folder / "requests.csv", folder / "spot.json"
    requests.write_text("arrival_s,exec_s\n" + "".join(f"{at},50\n" for at in range(0, 3600, 60)))
    nodes = {"half/us-east-1a_g6_1": HALF, "whole/us-west-2a_g6_1": WHOLE}
    spot.write_text(json.dumps({name: {"gap_seconds": 300, "nodes_up": up} for name, up in nodes.items()}))
    cases = plan_spot(Options(policies=("fleet",)), spot, Recorded(path=requests), [1])
    return [run(case) for case in cases]


def find(entries: list[Entry], name: str) -> Entry:
    return next(entry for entry in entries if entry.name == name)


def test_a_recording_is_compared_with_the_least_cost_that_its_spot_allows(results: list[CaseResult]) -> None:
    entries = build_summary(results)

    half, whole = (find(entries, SPOT_ENTRY).beside[name] for name in ("half/us-east-1", "whole/us-west-2"))
    assert half["least cost"] == pytest.approx((1 + 0.32 / 0.8048) / 2, abs=1e-3)
    assert whole["least cost"] == pytest.approx(0.32 / 0.8048, abs=1e-3)
    assert half["cost"] > half["least cost"]
    assert whole["least cost"] < whole["cost"] < 0.5
    possible = find(entries, "recorded_spot_cost_where_the_goal_is_possible")
    assert (possible.beside["recordings"], possible.meets_goal) == (["whole/us-west-2"], True)


def test_the_page_shows_each_recording_and_all_plots(results: list[CaseResult], tmp_path: Path) -> None:
    page = write_page(results, build_summary(results), tmp_path, "one seed").read_text()

    assert "<td>half/us-east-1</td>" in page
    assert "<td>whole/us-west-2</td>" in page
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert len(pictures) == 2
    assert all((tmp_path / name).stat().st_size > 10_000 for name in pictures)
