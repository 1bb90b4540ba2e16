"""Estimates with a given backlog, and requests for them."""

import json
from dataclasses import replace
from typing import Any

from craftspark.jobs.backlog import Backlog, Speed, WaitingJob
from craftspark.jobs.estimates import Capacity, Estimates
from craftspark.models.catalogue import find_model
from craftspark.models.gpus import GPUS
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.request import JobRequest
from craftspark.tools.sources import Source

MODEL = find_model("craftspark-clipart-128")
DEVICES = ("cpu", *{gpu.name: gpu for gpu in GPUS.values()})
WIDE_SOURCE = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=512, height=512)
SMALL_SOURCE = replace(WIDE_SOURCE, width=128, height=128)
CAPACITY = Capacity(
    pool="draw",
    device="cpu",
    min_tasks=1,
    launch_s=60,
    dispatch_s=1.0,
    batch_s=240,
    deadline_s=900,
)
WARM = Speed(awake=1)


class BacklogSource:
    """Returns a backlog with an age, and records the requested maximum age."""

    def __init__(self, backlog: Backlog | None = None, age_s: float = 0.0) -> None:
        self.backlog = backlog or Backlog(speed=WARM)
        self.age_s = age_s
        self.asked: list[float] = []

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        self.asked.append(max_age_s)
        return self.backlog, min(self.age_s, max_age_s)


def estimates(backlog: Backlog | None = None, age_s: float = 0.0, **capacity: Any) -> Estimates:
    readings = BacklogSource(backlog, age_s)
    return Estimates(readings=readings, model=MODEL, capacity=replace(CAPACITY, **capacity))


def a_request(tool: str, source: Source = SMALL_SOURCE, **fields: Any) -> tuple[JobRequest, tuple[Source, ...]]:
    kind = find_tool(tool).request
    if "source" in kind.model_fields and kind.model_fields["source"].is_required():
        fields["source"] = source.reference
    request = parse_request(kind, json.dumps(fields)).for_model(MODEL)
    if not request.wanted_sources:
        return request, ()
    return request.for_sources((source,)), (source,)


def a_waiting_job(**changes: Any) -> WaitingJob:
    facts: dict[str, Any] = {
        "lane": "interactive",
        "tool": "picture",
        "kind": "k",
        "running": False,
        "images": 4,
        "stored": 0,
        "work_s": 10.0,
        "shared_s": 0.0,
    }
    return WaitingJob(**{**facts, **changes})


def busy_s(tool: str, source: Source = SMALL_SOURCE, **fields: Any) -> float:
    return estimates().work(*a_request(tool, source, **fields)).busy_s
