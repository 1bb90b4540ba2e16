"""The figures that scripts read, with their goals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from statistics import mean
from typing import Any, Literal

from craftspark.fleet.observations import Limits
from simulation.model.admission import PLAN_SHARES
from simulation.policies.fleet import UNLIMITED
from simulation.policies.registry import PUBLISHED
from simulation.reports.entries import Entry
from simulation.reports.table import group, list_rows
from simulation.results import Figures
from simulation.scenarios import CaseResult, Recorded

FLEET, REACTIVE, ON_DEMAND = "fleet", "plain reactive", "on-demand only"
# The share of jobs within 60 s that a published rule must reach to be compared by its cost.
REACHED = 0.99
# The goal for the cost on recorded spot, over that on demand.
SPOT_COST, SPOT_ENTRY = 0.5, "recorded_spot_cost_over_on_demand"


def build_summary(results: Sequence[CaseResult]) -> list[Entry]:
    """The entries of all scenarios that were simulated."""
    entries: list[Entry] = []
    spot: list[Mapping[str, Sequence[CaseResult]]] = []
    bases: list[CaseResult] = []
    for policies in group(results).values():
        case = next(iter(policies.values()))[0].case
        if FLEET not in policies:
            bases += policies.get(ON_DEMAND, [])
        elif case.limits != UNLIMITED:
            entries.append(_judge_admission(policies[FLEET], case.limits))
        elif case.spot:
            spot.append(policies)
        elif isinstance(case.demand, Recorded):
            entries += _compare_recorded(policies, case.demand)
        elif not case.demand.pools:
            entries += _judge_days(policies, case.cold_start_s)
    if spot and bases:
        entries += _compare_spot(spot, bases)
    return entries


def _judge_days(policies: Mapping[str, Sequence[CaseResult]], cold_start_s: float) -> list[Entry]:
    name = f"days_{cold_start_s:g}s"
    cost_goal, soon_goal = {120.0: (1.15, 0.99), 240.0: (1.25, 0.98)}.get(cold_start_s, (None, None))
    settled = {policy: [each.settled for each in found] for policy, found in policies.items()}
    first = {policy: [each.first for each in found] for policy, found in policies.items()}
    entries = [
        _average(f"{name}_cost_ratio", settled, lambda each: each.cost_ratio, "lower", cost_goal),
        _average(f"{name}_within_60_s", settled, lambda each: each.soon, "higher", soon_goal),
        _average(f"{name}_first_day_cost_ratio", first, lambda each: each.cost_ratio, "lower", None),
        _average(f"{name}_first_day_within_60_s", first, lambda each: each.soon, "higher", None),
    ]
    reached = {
        policy: mean(each.cost_ratio for each in settled[policy])
        for policy in PUBLISHED
        if policy in settled and mean(each.soon for each in settled[policy]) >= REACHED
    }
    if reached:
        cheapest = min(reached, key=lambda policy: reached[policy])
        entries.append(
            Entry(
                name=f"{name}_cost_over_cheapest_published",
                value=round(entries[0].value / reached[cheapest], 4),
                goal=0.75 if cold_start_s == 120.0 else None,
                better="lower",
                unit="ratio",
                beside={"cheapest published rule with 99 % within 60 s": cheapest, **_round(reached)},
            )
        )
    return entries


def _judge_admission(found: Sequence[CaseResult], limits: Limits) -> Entry:
    """The share of refused jobs under the limits of a stage."""
    figures = [each.settled for each in found]
    shares = [round(each.refused / max(1, each.jobs), 4) for each in figures]
    plans = {plan: mean(each.refused_by_plan[plan] for each in figures) for plan in PLAN_SHARES}
    offered = mean(each.offered_bulk / max(1, each.jobs) for each in figures)
    return Entry(
        name="limited_refused_share",
        value=round(mean(shares), 4),
        goal=None,
        better="lower",
        unit="share",
        samples=shares,
        beside={
            "limits": asdict(limits),
            "refused by plan": _round(plans),
            "refused and offered the bulk lane": round(offered, 4),
            "within 60 s": round(mean(each.soon for each in figures), 4),
            "p99 of admitted jobs": round(mean(each.p99 for each in figures), 1),
        },
    )


def _compare_recorded(policies: Mapping[str, Sequence[CaseResult]], demand: Recorded) -> list[Entry]:
    name = f"recorded_x{demand.times}"
    if REACTIVE not in policies:
        return []
    whole = {policy: [each.whole for each in found] for policy, found in policies.items()}
    read: dict[str, Callable[[Figures], float]] = {
        "cost": lambda each: each.cost_ratio,
        "p99": lambda each: each.p99,
    }
    entries = []
    for label in read:
        values = {policy: [read[label](each) for each in found] for policy, found in whole.items()}
        entries.append(
            Entry(
                name=f"{name}_{label}_over_reactive",
                value=round(mean(values[FLEET]) / max(1e-9, mean(values[REACTIVE])), 4),
                goal=1.0,
                better="lower",
                unit="ratio",
                samples=[
                    round(mine / max(1e-9, other), 4)
                    for mine, other in zip(values[FLEET], values[REACTIVE], strict=True)
                ],
                beside=_round({policy: mean(each) for policy, each in values.items()}),
            )
        )
    return entries


def _compare_spot(spot: Sequence[Mapping[str, Sequence[CaseResult]]], bases: Sequence[CaseResult]) -> list[Entry]:
    """Each recording against the same days without spot. A value is the mean over the recordings."""
    without = {each.case.seed: each.whole for each in bases}
    recordings = {_name_recording(policies[FLEET][0]): _judge_spot(policies, without) for policies in spot}
    prices = bases[0].case.prices
    cost = _spot_entry(SPOT_ENTRY, recordings, "cost", SPOT_COST)
    beside = {"dollars per hour": {"spot": prices.spot, "on demand": prices.on_demand}, **recordings}
    entries = [
        replace(cost, beside=beside),
        replace(
            _spot_entry("recorded_spot_points_within_60_s_lost", recordings, "points lost", 0.5),
            unit="percentage points",
        ),
    ]
    possible = {name: each for name, each in recordings.items() if each["least cost"] <= SPOT_COST}
    if possible:
        name = "recorded_spot_cost_where_the_goal_is_possible"
        entries.append(replace(_spot_entry(name, possible, "cost", SPOT_COST), beside={"recordings": list(possible)}))
    return entries


def _spot_entry(name: str, recordings: Mapping[str, Mapping[str, float]], figure: str, goal: float) -> Entry:
    values = [each[figure] for each in recordings.values()]
    return Entry(name=name, value=round(mean(values), 4), goal=goal, better="lower", unit="ratio", samples=values)


def _judge_spot(policies: Mapping[str, Sequence[CaseResult]], without: Mapping[int, Figures]) -> dict[str, float]:
    found = policies[FLEET]
    figures = {policy: _compare_with_on_demand(results, without) for policy, results in policies.items()}
    cost, lost = figures.pop(FLEET)
    wholes = [each.whole for each in found]
    recording = found[0].case.spot
    judged = {
        "cost": cost,
        "least cost": mean(each.least_cost or 0.0 for each in found),
        "points lost": lost,
        "share of time with spot in any zone": recording.find_share() if recording else 1.0,
        "share of GPU time on spot": mean(each.spot_s / max(1.0, each.paid_s) for each in wholes),
        "interruptions": mean(each.interruptions for each in wholes),
        "wasted GPU seconds": mean(each.wasted_s for each in wholes),
    }
    for policy, (other_cost, other_lost) in figures.items():
        judged |= {f"cost of {policy}": other_cost, f"points lost by {policy}": other_lost}
    return _round(judged)


def _compare_with_on_demand(found: Sequence[CaseResult], without: Mapping[int, Figures]) -> tuple[float, float]:
    """The cost over that without spot, and the percentage points of jobs within 60 s that are lost."""
    bases = [without[each.case.seed] for each in found]
    cost = mean(each.whole.dollars for each in found) / mean(each.dollars for each in bases)
    return cost, 100 * mean(base.soon - each.whole.soon for base, each in zip(bases, found, strict=True))


def _name_recording(result: CaseResult) -> str:
    return result.case.spot.name if result.case.spot else ""


def _average(
    name: str,
    figures: Mapping[str, Sequence[Figures]],
    read: Callable[[Figures], float],
    better: Literal["lower", "higher"],
    goal: float | None,
) -> Entry:
    """The mean of the fleet's policy over the seeds, and those of the others for comparison."""
    return Entry(
        name=name,
        value=round(mean(read(each) for each in figures[FLEET]), 4),
        goal=goal,
        better=better,
        unit="share" if better == "higher" else "ratio",
        samples=[round(read(each), 4) for each in figures[FLEET]],
        beside=_round({policy: mean(map(read, each)) for policy, each in figures.items() if policy != FLEET}),
    )


def _round(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def list_figures(results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    """Every row of the table with all figures of each seed."""
    return [
        {
            "scenario": scenario,
            "policy": policy,
            "span": span,
            "seeds": [
                {
                    **asdict(each),
                    "paid_s": each.paid_s,
                    "cost_ratio": each.cost_ratio,
                    "dollars_per_1000_images": each.dollars_per_1000,
                }
                for each in figures
            ],
        }
        for scenario, policy, span, figures in list_rows(results)
    ]
