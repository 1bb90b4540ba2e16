"""Stream of the gallery's table -> hidden and deleted files, and the events about pictures and makers."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.changes import events_of, move_files
from craftspark.aws.gallery.picture_bucket import PictureBucket
from craftspark.aws.notifications.events import Events
from craftspark.settings.gallery import FileSettings
from lambdas.log import logger


@cache
def files() -> PictureBucket:
    bucket = FileSettings.from_environment().gallery_bucket
    return PictureBucket(client=clients.s3(), images_bucket=bucket, gallery_bucket=bucket)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Move the files of all changes, then send their events, in order.

    An unreadable change fails the batch before anything is done. A batch that failed is delivered again, in halves, so
    an event can be sent twice.
    """
    changes = [record["dynamodb"] for record in event["Records"]]
    found = [each for change in changes for each in events_of(change)]
    for change in changes:
        move_files(change, files())
    Events(client=clients.eventbridge()).send(*found)
    for each in found:
        logger.info("gallery announced", extra={"event": each.detail_type(), **each.to_json()})
