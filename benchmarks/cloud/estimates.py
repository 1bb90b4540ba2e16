"""The error of quotes: mixed jobs run in bursts on a local cloud, and each is quoted directly before its submission."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import httpx

from benchmarks.cloud.ended_jobs import wait_for_end
from benchmarks.cloud.local_runs import run_cloud
from benchmarks.entries import Entry
from craftspark.models.catalogue import find_model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from craftspark.tools.request import DrawingRequest
from craftspark.tools.sources import Source
from local_cloud.launcher.cloud import LocalCloud

SEED = 22
BURSTS, JOBS_IN_BURST = 10, 6
PATIENCE_S = 600  # for a job to end
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


def generate_requests(source: str) -> Iterator[Request]:
    """Requests to all tools, from a fixed seed: counts, steps, sizes and settings as makers mix them."""
    rng = random.Random(SEED)
    for _ in range(BURSTS * JOBS_IN_BURST):
        tool = rng.choice(("picture", "picture", "picture", "clipart", "pattern", "variations", "outpaint", "upscale"))
        if tool == "upscale":
            yield tool, {"source": source, "factor": rng.choice((2, 4))}
            continue
        fields: dict[str, Any] = {"count": rng.randint(1, 8), "steps": rng.choice((4, 8, 8, 16, 30))}
        if tool in ("variations", "outpaint"):
            fields["source"] = source
        if tool == "outpaint":
            fields |= {"aspect": rng.choice(("2:1", "1:2", "16:9")), "count": rng.randint(1, 4)}
        elif tool == "pattern":
            fields |= rng.choice(({"way": "painted"}, {"also": ["bee"]}, {}))
        yield tool, {"prompt": rng.choice(("red apple", "sunflower", "cat face")), **fields}


def measure_estimate_error() -> list[Entry]:
    """The median of |quoted - measured| / measured, from the submission to the job's end.

    It is compared with the estimate by counting batches. The error of the wait until a worker takes the job is also
    reported.
    """
    with run_cloud("gpu_tasks") as (cloud, client):
        source = render_source(client)
        outcomes = []
        jobs = list(generate_requests(source))
        for start in range(0, len(jobs), JOBS_IN_BURST):
            outcomes += run_burst(cloud, client, jobs[start : start + JOBS_IN_BURST])
    errors = [abs(each.quoted["estimated_total_s"] - each.total_s) / each.total_s for each in outcomes]
    waits = [abs(each.quoted["estimated_wait_s"] - each.waited_s) for each in outcomes]
    counting_errors = [abs(each.counted_s - each.total_s) / each.total_s for each in outcomes]
    entry = Entry(
        name="estimate_error",
        value=round(median(errors), 3),
        goal=0.35,
        better="lower",
        unit="share of the time",
        samples=[round(error, 3) for error in errors],
        beside={
            "by_counting_batches": round(median(counting_errors), 3),
            "median_wait_error_s": round(median(waits), 1),
            "median_wait_s": round(median(each.waited_s for each in outcomes), 1),
            "median_total_s": round(median(each.total_s for each in outcomes), 1),
            "longest_total_s": round(max(each.total_s for each in outcomes), 1),
            "jobs": len(outcomes),
        },
    )
    return [entry]


def render_source(client: httpx.Client) -> str:
    """Have a worker render one picture, which is the source of the other jobs. Returns its reference."""
    job_id = submit(client, ("picture", {"prompt": "red apple", "count": 1}))
    return f"{wait_for_end(client, job_id, timeout_s=PATIENCE_S)['job_id']}/0"


def run_burst(cloud: LocalCloud, client: httpx.Client, jobs: list[Request]) -> list[Outcome]:
    """Quote and submit the jobs one directly after the other, and wait until all have ended."""
    submissions = []
    for tool, fields in jobs:
        counted_s = estimate_by_counting(cloud, tool, fields)
        quoted = client.post(f"/v1/tools/{tool}/quotes", json=fields).raise_for_status().json()
        submissions.append((quoted, counted_s, submit(client, (tool, fields))))
    outcomes = []
    for quoted, counted_s, job_id in submissions:
        job = wait_for_end(client, job_id, timeout_s=PATIENCE_S)
        if job["state"] == "succeeded":
            waited_s, total_s = measure_seconds(job, "started_at"), measure_seconds(job, "finished_at")
            outcomes.append(Outcome(quoted=quoted, counted_s=counted_s, waited_s=waited_s, total_s=total_s))
    return outcomes


def estimate_by_counting(cloud: LocalCloud, tool: str, fields: dict[str, Any]) -> float:
    """Estimate the seconds of a job from the number of messages in the queues."""
    waiting = 0
    for name in ("IntakeQueueUrl", "GpuDrawInteractiveQueueUrl"):
        response = cloud.client("sqs").get_queue_attributes(
            QueueUrl=cloud.outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        waiting += int(response["Attributes"]["ApproximateNumberOfMessages"])
    request = parse_request(find_tool(tool).request, httpx.Request("POST", "http://x", json=fields).content)
    request = request.for_model(MODEL)
    image_s = IMAGE_S
    if isinstance(request, DrawingRequest):
        picture = Source(reference=str(fields.get("source")), bucket="images", key="", width=SIDE, height=SIDE)
        sources = (picture,) if request.wanted_sources else ()
        drawing_request = request.for_sources(sources) if sources else request
        image_s *= drawing_request.drawings(MODEL, sources) * (request.steps or USUAL_STEPS) / USUAL_STEPS
    return waiting * IMAGES_A_BATCH * IMAGE_S + request.count * image_s


def submit(client: httpx.Client, request: Request) -> str:
    tool, fields = request
    return str(client.post(f"/v1/tools/{tool}/jobs", json=fields).raise_for_status().json()["job_id"])


def measure_seconds(job: dict[str, Any], until: str) -> float:
    return (datetime.fromisoformat(job[until]) - datetime.fromisoformat(job["created_at"])).total_seconds()
