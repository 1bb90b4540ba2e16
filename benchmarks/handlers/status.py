"""The CPU time that the status of a job takes in a Lambda, compared with botocore's presigned URLs."""

import time
from collections.abc import Callable
from random import Random
from statistics import median

import boto3
from botocore.config import Config

from benchmarks.entries import Entry, build_ratio
from craftspark.aws.items import image_item, job_item, read_record
from craftspark.aws.jobs.presigning import Presigner
from craftspark.jobs.job import StoredImage, image_key
from craftspark.jobs.resemblance import CHANNELS, LAYOUT_SIDE
from lambdas.http.views import job_view
from tests.fakes import NOON, a_job

ROUNDS, CALLS, IMAGES = 15, 200, 4


def measure() -> list[Entry]:
    """Build the JSON from DynamoDB's items, with a link to each picture and each thumbnail.

    The goal compares this with one presigned URL of botocore per image, from the same run. The status has two.
    """
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token="token" * 100,
        config=Config(signature_version="s3v4"),
    )
    presigner = Presigner(client=client, bucket="images", lifetime_s=3600)
    job = a_job(seeds=tuple(range(IMAGES)))
    images = [
        StoredImage(
            index=index,
            width=128,
            height=128,
            render_s=0.25,
            stored_at=NOON,
            seed=index,
            colour_layout=Random(index).randbytes(CHANNELS * LAYOUT_SIDE**2),
        )
        for index in range(IMAGES)
    ]
    items = [job_item(job), *(image_item(job, image) for image in images)]

    def build_status() -> None:
        record = read_record(items)
        assert record
        job_view(record, presigner.links).model_dump_json(exclude_none=True)

    def presign_links() -> None:
        for image in images:
            key = image_key(job.job_id, image.index)
            client.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": key}, ExpiresIn=3600)

    status_s: list[float] = []
    presign_s: list[float] = []
    for _ in range(ROUNDS):
        status_s.append(measure_cpu_s(build_status))
        presign_s.append(measure_cpu_s(presign_links))
    microseconds = {name: round(1e6 * median(each)) for name, each in (("status", status_s), ("presign", presign_s))}
    return [
        build_ratio(
            "status_cpu_over_presign",
            status_s,
            presign_s,
            goal=0.25,
            beside={f"{name} in microseconds": value for name, value in microseconds.items()},
        )
    ]


def measure_cpu_s(function: Callable[[], None]) -> float:
    """The CPU seconds per call."""
    start = time.process_time()
    for _ in range(CALLS):
        function()
    return (time.process_time() - start) / CALLS
