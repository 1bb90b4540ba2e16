"""The jobs table's stream -> the connections of the jobs' makers, and of nobody else."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.connections import Pushes
from craftspark.aws.items import JOB, read_image, read_job
from craftspark.aws.presigning import Presigner
from craftspark.downloads import Download
from craftspark.jobs import thumbnail_key
from craftspark.live import Message, image_message, progress_message, state_message
from craftspark.settings import PushSettings
from lambdas.live import table
from lambdas.log import logger


@cache
def pushes() -> Pushes:
    return Pushes(client=clients.connections(), table=table())


@cache
def links() -> Presigner:
    settings = PushSettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    # A client that misses a message sees the same with its next look: nothing is worth a second try.
    for record in event["Records"]:
        for maker, message in messages(record["dynamodb"]):
            try:
                pushes().send(maker, message)
            except Exception:
                logger.exception("update not sent", extra={"job_id": message["job_id"]})


def messages(change: dict[str, Any]) -> Iterator[tuple[str, Message]]:
    """Who is told what of a change of an item."""
    new, old = change.get("NewImage"), change.get("OldImage")
    if new is None or "maker" not in new:
        return
    maker, job_id = new["maker"]["S"], new["job_id"]["S"]
    kind, _, number = new["item"]["S"].partition("#")
    if kind == JOB:
        if old is None or old["state"] != new["state"]:
            yield maker, state_message(read_job(new))
    elif kind == "image" and old is None:
        image = read_image(int(number), new)
        [thumbnail] = links().links([Download(thumbnail_key(job_id, image.index))])
        yield maker, image_message(job_id, image, thumbnail)
    elif kind == "batch":
        yield maker, progress_message(job_id, int(number), int(new["percent"]["N"]))
