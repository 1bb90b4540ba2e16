"""Which cases are simulated: all scenarios of the project, or those of somebody's files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from craftspark.fleet.observations import Limits
from simulation.policies.fleet import UNLIMITED
from simulation.policies.registry import POLICIES
from simulation.scenarios import Case, Days, Recorded, Spot, compare, list_recordings
from simulation.supply import Prices

# The constants of the fleet's policy were chosen on days of seeds below. Results are for other days.
FIRST_SEED = 401
REQUESTS_FILE, SPOT_FILE = "sd_requests.csv", "spot_availability.json"
WITHOUT_CAPACITY_TYPES = tuple(policy for policy in POLICIES if policy != "on-demand only")
# Fewer tasks than the busiest hours need: admission refuses a part of the jobs.
CAPPED = Limits(dollars_per_hour=UNLIMITED.dollars_per_hour, max_tasks=40)
TRIO = ("fleet", "plain reactive", "clairvoyant")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What somebody asks for. Without `policies`, each scenario compares those that say something about it."""

    seeds: int = 8
    first_seed: int = FIRST_SEED
    days: int = 2
    cold_start_s: float = 120.0
    policies: tuple[str, ...] = ()
    times: int = 1
    jitter_s: float = 60.0
    spot_tasks: int | None = None
    prices: Prices = field(default_factory=Prices)
    limits: Limits = UNLIMITED

    @property
    def seed_range(self) -> range:
        return range(self.first_seed, self.first_seed + self.seeds)


def plan_everything(options: Options, recordings: Path | None) -> list[Case]:
    """The scenarios of `make simulate`; those with recordings if there are any."""
    seeds, days, prices = options.seed_range, Days(count=options.days), options.prices
    cases = compare("days, cold start 120 s", WITHOUT_CAPACITY_TYPES, seeds, days, prices=prices, draw=TRIO)
    cases += compare("days, cold start 240 s", TRIO, seeds, days, cold_start_s=240.0, prices=prices)
    pools = Days(count=options.days, pools=True)
    cases += compare("two pools, bulk jobs", ("fleet",), seeds[:2], pools, prices=prices)
    name = f"days, at most {CAPPED.max_tasks} tasks"
    cases += compare(name, ("fleet",), seeds[:2], days, prices=prices, limits=CAPPED)
    if not recordings:
        return cases
    if (requests := recordings / REQUESTS_FILE).exists():
        recorded = Recorded(path=requests)
        once, many = seeds[:1], seeds[:2]
        policies = ("fleet", "plain reactive", "target tracking", "KEDA")
        cases += compare("recorded requests", policies, once, recorded, prices=prices, draw=("fleet",))
        recorded = Recorded(path=requests, times=100, jitter_s=options.jitter_s)
        cases += compare("recorded requests x 100", TRIO[:2], many, recorded, prices=prices, draw=("fleet",))
    if (spot := recordings / SPOT_FILE).exists():
        cases += plan_spot(options, spot, days, seeds[:2])
    return cases


def plan_spot(options: Options, path: Path, demand: Days | Recorded, seeds: Sequence[int]) -> list[Case]:
    """The demand on each recording of spot, and without spot. Raises RecordingInvalid."""
    policies = options.policies or ("fleet", "SkyServe")
    shared = {"cold_start_s": options.cold_start_s, "prices": options.prices, "limits": options.limits}
    cases = compare("without spot", ("on-demand only",), seeds, demand, **shared)  # type: ignore[arg-type]
    for recording in list_recordings(path):
        spot = Spot(path=path, name=recording.name, tasks=options.spot_tasks)
        cases += compare(
            "spot " + "/".join(recording.name.split("/")[-3:]),
            policies,
            seeds,
            demand,
            spot=spot,
            draw=("fleet",),
            **shared,  # type: ignore[arg-type]
        )
    return cases


def plan_files(options: Options, requests: Path | None, spot: Path | None) -> list[Case]:
    """The scenarios of somebody's files. Raises RecordingInvalid."""
    demand: Days | Recorded = Days(count=options.days)
    if requests:
        demand = Recorded(path=requests, times=options.times, jitter_s=options.jitter_s)
    if spot:
        return plan_spot(options, spot, demand, options.seed_range)
    policies = options.policies or WITHOUT_CAPACITY_TYPES
    name = f"{requests.name}{f' x {options.times}' if options.times > 1 else ''}" if requests else "days"
    return compare(
        name,
        policies,
        options.seed_range,
        demand,
        cold_start_s=options.cold_start_s,
        prices=options.prices,
        limits=options.limits,
        draw=("fleet",),
    )
