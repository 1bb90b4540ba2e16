"""Faults of real workers in two pools under load, and what they cost: `python -m benchmarks.fleet campaign`."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

from benchmarks.entries import Entry
from benchmarks.fleet.faults import NOTICE, Faults, count_by_kind
from benchmarks.fleet.limits import set_limits
from benchmarks.fleet.load import Load
from benchmarks.fleet.waves import (
    Death,
    Image,
    RenderedWave,
    lost_waves,
    next_start_s,
    read_waves,
    rendered_again,
    storing_times,
    wasted_seconds,
    wasted_waves,
)
from local_cloud.launcher.cloud import LocalCloud

IMAGE = "craftspark-gpu:local"
FAULTS = {"SIGKILL": 100, "SIGTERM": 100, NOTICE: 50}
# A wave of the pool that draws takes about a second on a laptop.
STEPS = 8
# Longer than the deadline of a job.
JOBS_END_S = 1800.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The faults, the unfinished jobs and the tasks of each pool, and the longest time for the faults."""

    faults: Mapping[str, int]
    draw_jobs: int
    enlarge_jobs: int
    tasks: Mapping[str, int]
    steps: int
    limit_s: float
    seed: int = 1


# The limits end a run that hangs. A run on a slow machine takes longer, and nothing else depends on its speed.
WHOLE = Plan(faults=FAULTS, draw_jobs=6, enlarge_jobs=6, tasks={"draw": 2, "enlarge": 2}, steps=STEPS, limit_s=7200)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the campaign left: the ended jobs, the makers' accounts and ledgers, the stored images with their times, the
    waves and the deaths.
    """

    submitted: int
    jobs: Sequence[Mapping[str, Any]]
    accounts: Sequence[Mapping[str, Any]]
    commits: Sequence[Mapping[str, Any]]
    stored: Mapping[Image, float]
    waves: Sequence[RenderedWave]
    deaths: Sequence[Death]


def run(plan: Plan, folder: Path, *, assembly: Path | None = None, report: Callable[[str], None] = print) -> Evidence:
    """Run the campaign in a separate local cloud, whose state is in `folder`.

    Raises JobsUnfinished if jobs do not end after the faults.
    """
    record = folder / "waves.jsonl"
    commands = {IMAGE: (sys.executable, "-m", "benchmarks.fleet.recorded_worker", str(record))}
    with LocalCloud.run(folder / "cloud", port=0, commands=commands, assembly=assembly) as cloud:
        set_limits(cloud, {pool: (tasks, tasks) for pool, tasks in plan.tasks.items()})
        with Load(cloud, steps=plan.steps, draw=plan.draw_jobs, enlarge=plan.enlarge_jobs) as load:
            faults = Faults(cloud, record, plan.faults, plan.seed)
            load.start()
            faults.inflict(time.monotonic() + plan.limit_s, report, check=load.check)
            report(f"{len(faults.deaths)} faults, {faults.left} left; waiting for the last jobs")
            load.finish(within_s=JOBS_END_S)
            return Evidence(
                submitted=sum(len(pool.submitted) for pool in load.pools.values()),
                jobs=load.jobs(),
                accounts=load.accounts(),
                commits=load.commits(),
                stored=read_stored(cloud, [job["job_id"] for job in load.jobs()]),
                waves=read_waves(record),
                deaths=faults.deaths,
            )


def read_stored(cloud: LocalCloud, jobs: Sequence[str]) -> dict[Image, float]:
    """The times at which the images of jobs were recorded, in seconds since the epoch."""
    stored = {}
    for job in jobs:
        answer = cloud.client("dynamodb").query(
            TableName=cloud.outputs["JobsTableName"],
            KeyConditionExpression="job_id = :job AND begins_with(#item, :image)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":job": {"S": job}, ":image": {"S": "image#"}},
        )
        for item in answer["Items"]:
            index = int(item["item"]["S"].partition("#")[2])
            stored[job, index] = datetime.fromisoformat(item["stored_at"]["S"]).timestamp()
    return stored


def judge(evidence: Evidence) -> list[Entry]:
    """The figures of a campaign."""
    deaths, waves, stored = evidence.deaths, evidence.waves, evidence.stored
    kills = [death for death in deaths if death.kind == "SIGKILL"]
    lost = {death: lost_waves(death, waves, stored) for death in deaths}
    delays = {death: next_start_s(death, lost[death], waves) for death in deaths}
    wasted = sorted(wasted_waves(death, waves, stored) for death in kills)
    others = [wasted_waves(death, waves, stored) for death in deaths if death not in kills]
    seconds = sorted(wasted_seconds(death, waves, stored) for death in kills)
    storing = storing_times(waves, stored)
    after_kill = [delay for death in kills for delay in delays[death]]
    ended = [job for job in evidence.jobs if (job["state"], job["delivered"]) == ("succeeded", job["count"])]
    again = rendered_again(waves, stored)
    beside = {
        "faults": count_by_kind(deaths),
        "faults_by_pool": {
            pool: count_by_kind(death for death in deaths if death.pool == pool)
            for pool in sorted({death.pool for death in deaths})
        },
        "jobs": evidence.submitted,
        "images": len(stored),
        "waves": len(waves),
    }
    return [
        _count("jobs_lost", evidence.submitted - len(ended), "jobs", beside),
        _count("images_charged_twice", count_overcharges(evidence), "images"),
        _count("finished_images_rendered_again", len(again), "images", {"images": again[:5]}),
        Entry(
            name="waves_wasted_per_kill",
            value=round(mean(wasted), 3) if wasted else 0.0,
            goal=1,
            better="lower",
            unit="waves of rendering, mean",
            samples=[round(each, 2) for each in wasted],
            beside={
                "most": round(max(wasted, default=0.0), 2),
                "kills_beyond_one": sum(each > 1 for each in wasted),
                "kills_in_a_wave": sum(any(wave.ended is None for wave in lost[death]) for death in kills),
                "sum_of_sigterms_and_notices": round(sum(others), 2),
            },
        ),
        Entry(
            name="render_s_wasted_per_kill",
            value=round(mean(seconds), 2) if seconds else 0.0,
            goal=None,
            better="lower",
            unit="s of rendering, mean",
            samples=[round(each, 2) for each in seconds],
            beside={
                "most": round(max(seconds, default=0.0), 2),
                "wave_s": _spread([wave.ended - wave.started for wave in waves if wave.ended]),
                "stored_after_s": _spread(storing),
            },
        ),
        Entry(
            name="death_to_next_start_s",
            value=round(median(after_kill), 2) if after_kill else 0.0,
            goal=None,
            better="lower",
            unit="s, median after SIGKILL",
            samples=[round(delay, 2) for delay in sorted(after_kill)],
        ),
    ]


def _spread(values: Sequence[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    if len(values) < 2:
        return {}
    cuts = quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], 3), "p95": round(cuts[18], 3)}


def count_overcharges(evidence: Evidence) -> int:
    """The credits charged beyond the delivered images' price, and the commits of a job beyond its first."""
    beyond: int = 0
    for job in evidence.jobs:
        price_of_image = job["credits"]["price"] // job["count"]
        beyond += max(0, job["credits"]["spent"] - price_of_image * job["delivered"])
    committed = [entry["job_id"] for entry in evidence.commits]
    beyond += len(committed) - len(set(committed))
    uncommitted: int = sum(account["spent"] for account in evidence.accounts) - sum(
        entry["credits"] for entry in evidence.commits
    )
    return beyond + max(0, uncommitted)


def _count(name: str, value: int, unit: str, beside: Mapping[str, Any] | None = None) -> Entry:
    return Entry(name=name, value=value, goal=0, better="lower", unit=unit, beside=beside or {})
