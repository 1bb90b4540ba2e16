"""Stream of the gallery's table -> the events PictureShown and PictureHidden."""

from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.changes import events_of
from craftspark.aws.notifications.events import Events
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Send the events of all changes, in order.

    An unreadable change fails the batch before anything is sent. A batch that failed is delivered again, in halves, so
    an event can be sent twice.
    """
    found = [each for record in event["Records"] for each in events_of(record["dynamodb"])]
    Events(client=clients.eventbridge()).send(*found)
    for each in found:
        logger.info("picture announced", extra={"event": each.detail_type(), "picture_id": each.picture_id})
