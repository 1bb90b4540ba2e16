"""A tenfold step in demand in the local cloud: what the fleet's controller decides, and how long jobs wait."""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from benchmarks.cloud.ended_jobs import wait_for_end
from benchmarks.fleet.limits import set_limits
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import read_tasks
from local_cloud.reports.fleet_tables import desired_counts, read_record

IMAGE = "craftspark-gpu:local"
POOL = "draw"
SAMPLE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Jobs per second before, in and after the step, each phase's seconds, and the seconds of a job on a worker."""

    jobs_per_s: tuple[float, float, float]
    phases_s: tuple[float, float, float]
    job_s: float
    most_tasks: int = 8
    settle_s: float = 300.0


# Half a worker before the step, and five in it. The time after it is longer than the policy remembers arrivals.
TENFOLD = Plan(jobs_per_s=(0.2, 2.0, 0.2), phases_s=(60.0, 150.0, 240.0), job_s=2.5)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The pool at `at` seconds: its tasks by capacity type and state, the desired ones, and the waiting batches."""

    at: float
    tasks: Mapping[str, int]
    desired: Mapping[str, int]
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision of the controller, `at` seconds after the start."""

    at: float
    spot: int
    on_demand: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A job that was submitted `at` seconds after the start and waited `wait_s` for its worker."""

    at: float
    wait_s: float
    state: str


@dataclass(frozen=True, kw_only=True)
class Course:
    """What happened."""

    plan: Plan
    samples: Sequence[Sample]
    decisions: Sequence[Decided]
    waits: Sequence[Wait]

    def summary(self) -> dict[str, Any]:
        """The waits of each phase, the most tasks, and the seconds until the supply followed the step."""
        before, step, _ = self.plan.phases_s
        ends = {"before": before, "step": before + step, "after": float("inf")}
        phases: dict[str, list[float]] = {name: [] for name in ends}
        for wait in self.waits:
            phases[next(name for name, end in ends.items() if wait.at < end)].append(wait.wait_s)
        needed = self.plan.jobs_per_s[1] * self.plan.job_s
        running = ((sample.at, sum_of(sample.tasks, "running")) for sample in self.samples)
        followed = (at - before for at, tasks in running if at > before and tasks >= needed)
        return {
            "jobs": len(self.waits),
            "not_succeeded": sum(wait.state != "succeeded" for wait in self.waits),
            "wait_s": {name: describe_waits(waits) for name, waits in phases.items()},
            "most_running": max(sum_of(sample.tasks, "running") for sample in self.samples),
            "needed_in_step": needed,
            "followed_after_s": round(value, 1) if (value := next(followed, None)) is not None else None,
            "last_running": sum_of(self.samples[-1].tasks, "running"),
        }


def sum_of(tasks: Mapping[str, int], state: str) -> int:
    """The tasks of a state, of both capacity types."""
    return sum(number for name, number in tasks.items() if name.endswith(state))


def describe_waits(waits: Sequence[float]) -> dict[str, float]:
    if len(waits) < 2:
        return {"jobs": len(waits)}
    cuts = quantiles(waits, n=100, method="inclusive")
    within = sum(wait <= 60 for wait in waits) / len(waits)
    named = {"p50": cuts[49], "p95": cuts[94], "most": max(waits), "within_60_s": within}
    return {"jobs": len(waits)} | {name: round(value, 2) for name, value in named.items()}


class Observer:
    """Samples the pool and the controller's record in a thread."""

    def __init__(self, cloud: LocalCloud, start: float) -> None:
        self._cloud, self._start = cloud, start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Sample] = []
        self.decisions: dict[float, Decided] = {}

    def __enter__(self) -> "Observer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            tasks = Counter(f"{task.capacity} {task.state}" for task in read_tasks(self._cloud) if task.pool == POOL)
            desired = {kind: count for (pool, kind), count in desired_counts(self._cloud).items() if pool == POOL}
            self.samples.append(
                Sample(
                    at=round(time.time() - self._start, 1),
                    tasks=dict(tasks),
                    desired=desired,
                    waiting=self._count_waiting(),
                )
            )
            if record := read_record(self._cloud, POOL):
                supply, decision = record
                at = round(supply.at - self._start, 1)
                self.decisions[at] = Decided(
                    at=at, spot=decision.spot, on_demand=decision.on_demand, reason=decision.reason
                )

    def _count_waiting(self) -> int:
        """The batches in the pool's queues that no worker has taken."""
        sqs, name = self._cloud.client("sqs"), "ApproximateNumberOfMessages"
        urls = [
            url
            for key, url in self._cloud.outputs.items()
            if key.startswith(f"Gpu{POOL.capitalize()}") and key.endswith("QueueUrl") and "DeadLetter" not in key
        ]
        answers = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"] for url in urls]
        return sum(int(answer[name]) for answer in answers)


def run(plan: Plan, *, assembly: Path | None = None, report: Callable[[str], None] = print) -> Course:
    """Run the step in a separate local cloud, whose workers take a fixed time for a job. Raises TimeoutError."""
    commands = {IMAGE: (sys.executable, "-m", "benchmarks.fleet.paced_worker", str(plan.job_s))}
    with (
        tempfile.TemporaryDirectory(prefix="craftspark-step-") as folder,
        LocalCloud.run(Path(folder), port=0, commands=commands, assembly=assembly) as cloud,
    ):
        set_limits(cloud, {POOL: (1, plan.most_tasks), "enlarge": (0, 1)})
        headers = {"Authorization": f"Bearer {cloud.sign_in('step@craftspark.example')}"}
        start = time.time()
        with (
            httpx.Client(base_url=cloud.api_url, headers=headers, timeout=120, trust_env=False) as client,
            Observer(cloud, start) as observer,
        ):
            submitted = submit(client, plan, start, report)
            waits = [measure_wait(wait_for_end(client, job, timeout_s=plan.settle_s), at) for job, at in submitted]
        return Course(plan=plan, samples=observer.samples, decisions=list(observer.decisions.values()), waits=waits)


def submit(client: httpx.Client, plan: Plan, start: float, report: Callable[[str], None]) -> list[tuple[str, float]]:
    """Submit jobs at the rates of the plan. Returns each job with the time of its submission."""
    submitted = []
    end = 0.0
    for rate, lasts_s in zip(plan.jobs_per_s, plan.phases_s, strict=True):
        at, end = end, end + lasts_s
        report(f"{rate:g} jobs per second for {lasts_s:g} s")
        while at < end:
            time.sleep(max(0.0, start + at - time.time()))
            request = {"prompt": "a red apple", "count": 4}
            answer = client.post("/v1/tools/picture/jobs", json=request).raise_for_status()
            submitted.append((str(answer.json()["job_id"]), at))
            at += 1 / rate
    return submitted


def measure_wait(job: Mapping[str, Any], at: float) -> Wait:
    """How long a job waited that was submitted at `at` seconds."""
    created = datetime.fromisoformat(job["created_at"])
    started = datetime.fromisoformat(job.get("started_at", job["finished_at"]))
    return Wait(at=at, wait_s=round((started - created).total_seconds(), 3), state=job["state"])
