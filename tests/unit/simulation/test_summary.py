"""The figures with goals: what is compared with what."""

from dataclasses import replace
from pathlib import Path

import pytest

from craftspark.fleet.observations import Limits
from simulation.reports.entries import Entry
from simulation.reports.summary import build_summary, list_figures
from simulation.scenarios import CaseResult, Recorded, Spot
from tests.unit.simulation.results import FIGURES, days, figures, result


def summarize(*results: CaseResult) -> dict[str, Entry]:
    return {entry.name: entry for entry in build_summary(results)}


def test_the_fleet_is_compared_with_the_cheapest_published_rule_that_reaches_99_percent() -> None:
    found = summarize(
        result(days("fleet"), figures(cost=1.2)),
        result(days("plain reactive"), figures(cost=1.0)),
        result(days("target tracking"), figures(cost=1.8, soon=0.99)),
        result(days("KEDA"), figures(cost=1.6, soon=0.999)),
        result(days("step scaling"), figures(cost=1.3, soon=0.98)),
        result(days("clairvoyant"), figures(cost=1.05, soon=1.0)),
    )["days_120s_cost_over_cheapest_published"]

    assert found.value == pytest.approx(1.2 / 1.6)
    assert (found.goal, found.meets_goal) == (0.75, True)
    assert found.beside == {
        "cheapest published rule with 99 % within 60 s": "KEDA",
        "KEDA": pytest.approx(1.6),
        "target tracking": pytest.approx(1.8),
    }


def test_a_share_of_99_percent_is_that_of_all_seeds_together() -> None:
    results = [
        result(days(policy, seed), figures(cost=cost, soon=soon))
        for seed, soon in ((301, 0.985), (302, 0.995))
        for policy, cost in (("fleet", 1.1), ("KEDA", 1.5))
    ]

    assert summarize(*results)["days_120s_cost_over_cheapest_published"].value == pytest.approx(1.1 / 1.5, abs=1e-4)


def test_without_a_published_rule_that_reaches_it_there_is_no_comparison() -> None:
    found = summarize(result(days("fleet"), figures()), result(days("KEDA"), figures(soon=0.98)))

    assert "days_120s_cost_over_cheapest_published" not in found


@pytest.mark.parametrize(
    ("cold_start_s", "cost", "soon", "met"),
    [
        (120.0, 1.15, 0.99, True),
        (120.0, 1.16, 0.989, False),
        (240.0, 1.25, 0.98, True),
        (240.0, 1.26, 0.979, False),
        (60.0, 9.0, 0.1, None),
    ],
)
def test_days_have_goals_by_the_length_of_the_cold_start(
    cold_start_s: float, cost: float, soon: float, met: bool | None
) -> None:
    found = summarize(
        result(days("fleet", cold_start_s=cold_start_s), figures(cost, soon), first=figures(cost=3.0, soon=0.5))
    )

    name = f"days_{cold_start_s:g}s"
    assert found[f"{name}_cost_ratio"].meets_goal is met
    assert found[f"{name}_within_60_s"].meets_goal is met
    # The first day has no history, and no goal.
    first = found[f"{name}_first_day_cost_ratio"]
    assert (first.value, first.goal) == (3.0, None)


def test_recorded_requests_are_compared_with_the_plain_reactive_policy() -> None:
    recorded = Recorded(path=Path("r.csv"), times=100)

    def case(policy: str, cost: float, p99: float) -> CaseResult:
        return result(replace(days(policy), demand=recorded), figures(cost, p99=p99))

    found = summarize(case("fleet", 1.2, 50.0), case("plain reactive", 1.5, 40.0))

    cost, p99 = found["recorded_x100_cost_over_reactive"], found["recorded_x100_p99_over_reactive"]
    assert (cost.value, cost.meets_goal) == (0.8, True)
    assert (p99.value, p99.meets_goal) == (1.25, False)
    assert summarize(case("fleet", 1.2, 50.0)) == {}
    assert summarize(case("fleet", 1.2, 50.0), case("plain reactive", 1.5, 0.0))  # no division by zero


def test_each_recording_of_spot_is_compared_with_the_same_days_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "spot.json"
    file.write_text('{"a/z": {"gap_seconds": 60, "nodes_up": [1, 0]}, "b/z": {"gap_seconds": 60, "nodes_up": [1]}}')
    results = [
        result(days("on-demand only", seed, scenario="without spot"), figures(soon=0.99, dollars=dollars))
        for seed, dollars in ((301, 10.0), (302, 20.0))
    ]
    for name, share in (("a", 0.4), ("b", 0.8)):
        for seed, dollars in ((301, 10.0), (302, 20.0)):
            spot = replace(days("fleet", seed, scenario=f"spot {name}"), spot=Spot(path=file, name=name))
            results.append(result(spot, figures(soon=0.985, dollars=share * dollars)))

    found = summarize(*results)

    cost, lost = found["recorded_spot_cost_over_on_demand"], found["recorded_spot_points_within_60_s_lost"]
    assert cost.value == pytest.approx(0.6)
    assert (cost.samples, cost.meets_goal) == ([0.4, 0.8], False)
    assert (lost.value, lost.meets_goal) == (0.5, True)
    assert cost.beside["a"]["share of time with spot in any zone"] == 0.5


def test_refusals_under_the_limits_of_a_stage_are_shown_by_plan_and_have_no_goal() -> None:
    limited = replace(days("fleet"), limits=Limits(dollars_per_hour=9.0, max_tasks=3))
    refused = replace(FIGURES, refused=20, offered_bulk=5, refused_by_plan={**FIGURES.refused_by_plan, "free": 0.5})

    found = summarize(result(limited, refused))

    entry = found.pop("limited_refused_share")
    assert found == {}
    assert (entry.value, entry.goal) == (0.2, None)
    assert entry.beside["limits"] == {"dollars_per_hour": 9.0, "max_tasks": 3}
    assert entry.beside["refused by plan"]["free"] == 0.5
    assert entry.beside["refused and offered the bulk lane"] == 0.05


def test_every_row_has_the_figures_of_each_seed() -> None:
    rows = list_figures([result(days("fleet", seed), figures(), first=FIGURES) for seed in (301, 302)])

    assert [(row["policy"], row["span"], len(row["seeds"])) for row in rows] == [
        ("fleet", "first day", 2),
        ("fleet", "other days", 2),
    ]
    assert rows[0]["seeds"][0]["cost_ratio"] == pytest.approx(1.1)
