"""The error of quotes: mixed jobs run in bursts on a local cloud, and each is quoted directly before its submission."""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import httpx

from benchmarks.entries import Entry
from benchmarks.local_runs import api
from craftspark.models.catalogue import find_model
from craftspark.parsing import parse_request
from craftspark.tools import find_tool
from craftspark.tools.request import DrawingRequest
from craftspark.tools.sources import Source
from local_cloud.launcher.cloud import LocalCloud

SEED = 22
BURSTS, JOBS_IN_BURST = 10, 6
PATIENCE_S = 600  # bounds each burst
MODEL = find_model("craftspark-clipart-128")
SIDE = 128  # pixels of a source
# The previous estimate, for comparison: it counts the batches in the queues and assumes a fixed time per image.
IMAGE_S, IMAGES_A_BATCH, USUAL_STEPS = 0.25, 4, 8

Request = tuple[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Seconds of a job: the quote, the estimate by counting batches, and the measured times."""

    quoted: Mapping[str, int]
    counted_s: float
    waited_s: float
    total_s: float


def requests(source: str) -> Iterator[Request]:
    """Requests to all tools, from a fixed seed: counts, steps, sizes and settings as makers mix them."""
    dice = random.Random(SEED)
    for _ in range(BURSTS * JOBS_IN_BURST):
        tool = dice.choice(("picture", "picture", "picture", "clipart", "pattern", "variations", "outpaint", "upscale"))
        if tool == "upscale":
            yield tool, {"source": source, "factor": dice.choice((2, 4))}
            continue
        fields: dict[str, Any] = {"count": dice.randint(1, 8), "steps": dice.choice((4, 8, 8, 16, 30))}
        if tool in ("variations", "outpaint"):
            fields["source"] = source
        if tool == "outpaint":
            fields |= {"aspect": dice.choice(("2:1", "1:2", "16:9")), "count": dice.randint(1, 4)}
        elif tool == "pattern":
            fields |= dice.choice(({"way": "painted"}, {"also": ["bee"]}, {}))
        yield tool, {"prompt": dice.choice(("red apple", "sunflower", "cat face")), **fields}


def estimate_error() -> list[Entry]:
    """The median of |quoted - measured| / measured, from the submission to the job's end.

    It is compared with the estimate by counting batches. The error of the wait until a worker takes the job is also
    reported.
    """
    with api("gpu_tasks") as (cloud, client):
        source = warmed(client)
        outcomes = []
        asked = list(requests(source))
        for start in range(0, len(asked), JOBS_IN_BURST):
            outcomes += burst(cloud, client, asked[start : start + JOBS_IN_BURST])
    errors = [abs(each.quoted["estimated_total_s"] - each.total_s) / each.total_s for each in outcomes]
    waits = [abs(each.quoted["estimated_wait_s"] - each.waited_s) for each in outcomes]
    counted = [abs(each.counted_s - each.total_s) / each.total_s for each in outcomes]
    entry = Entry(
        name="estimate_error",
        value=round(median(errors), 3),
        goal=0.35,
        better="lower",
        unit="share of the time",
        samples=[round(error, 3) for error in errors],
        beside={
            "by_counting_batches": round(median(counted), 3),
            "wait_alone_off_by_s": round(median(waits), 1),
            "median_wait_s": round(median(each.waited_s for each in outcomes), 1),
            "median_total_s": round(median(each.total_s for each in outcomes), 1),
            "longest_total_s": round(max(each.total_s for each in outcomes), 1),
            "jobs": len(outcomes),
        },
    )
    return [entry]


def warmed(client: httpx.Client) -> str:
    """Have a worker render one picture, which is the source of the other jobs. Returns its reference."""
    job_id = submitted(client, ("picture", {"prompt": "red apple", "count": 1}))
    return f"{ended(client, job_id)['job_id']}/0"


def burst(cloud: LocalCloud, client: httpx.Client, asked: list[Request]) -> list[Outcome]:
    """Quote and submit the jobs one directly after the other, and wait until all have ended."""
    begun = []
    for tool, fields in asked:
        counted_s = counted(cloud, tool, fields)
        quoted = client.post(f"/v1/tools/{tool}/quotes", json=fields).raise_for_status().json()
        begun.append((quoted, counted_s, submitted(client, (tool, fields))))
    outcomes = []
    for quoted, counted_s, job_id in begun:
        job = ended(client, job_id)
        if job["state"] == "succeeded":
            waited_s, total_s = seconds(job, "started_at"), seconds(job, "finished_at")
            outcomes.append(Outcome(quoted=quoted, counted_s=counted_s, waited_s=waited_s, total_s=total_s))
    return outcomes


def counted(cloud: LocalCloud, tool: str, fields: dict[str, Any]) -> float:
    """Estimate the seconds of a job from the number of messages in the queues."""
    waiting = 0
    for name in ("IntakeQueueUrl", "GpuQueueUrl"):
        answer = cloud.client("sqs").get_queue_attributes(
            QueueUrl=cloud.outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        waiting += int(answer["Attributes"]["ApproximateNumberOfMessages"])
    request = parse_request(find_tool(tool).request, httpx.Request("POST", "http://x", json=fields).content)
    request = request.for_model(MODEL)
    image_s = IMAGE_S
    if isinstance(request, DrawingRequest):
        picture = Source(reference=str(fields.get("source")), bucket="images", key="", width=SIDE, height=SIDE)
        source = picture if request.wanted_source else None
        drawn = request.for_source(picture) if source else request
        image_s *= drawn.drawings(MODEL, source) * (request.steps or USUAL_STEPS) / USUAL_STEPS
    return waiting * IMAGES_A_BATCH * IMAGE_S + request.count * image_s


def submitted(client: httpx.Client, request: Request) -> str:
    tool, fields = request
    return str(client.post(f"/v1/tools/{tool}/jobs", json=fields).raise_for_status().json()["job_id"])


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Return the job when it has ended. Raises TimeoutError."""
    latest = time.monotonic() + PATIENCE_S
    while time.monotonic() < latest:
        answer = client.get(f"/v1/jobs/{job_id}").raise_for_status()
        job: dict[str, Any] = answer.json()
        if "finished_at" in job:
            return job
        time.sleep(min(2.0, float(answer.headers["Retry-After"])))
    raise TimeoutError(f"job {job_id} did not end within {PATIENCE_S} s")


def seconds(job: dict[str, Any], until: str) -> float:
    return (datetime.fromisoformat(job[until]) - datetime.fromisoformat(job["created_at"])).total_seconds()
