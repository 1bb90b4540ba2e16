"""Each minute -> the queue of the indexing gets more of the pictures that a new index lacks."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.index_filling import FillingProgress, IndexQueue
from craftspark.gallery.filling import Filling
from craftspark.settings.gallery import FillingSettings
from lambdas.log import logger

TIME_FOR_A_PAGE_MS = 10_000


@cache
def filling() -> Filling:
    settings = FillingSettings.from_environment()
    return Filling(
        indexes=[arn.rpartition("/")[2] for arn in settings.arns],
        lists=GalleryTable(client=clients.dynamodb(), table=settings.gallery_table),
        progress=FillingProgress(client=clients.dynamodb(), table=settings.gallery_table),
        queue=IndexQueue(client=clients.sqs(), url=settings.index_queue_url),
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Continue filling. An operator's event `{"again": true}` fills all indexes again."""
    if event.get("again") is True:
        filling().begin_again()
    if queued := filling().run(lambda: context.get_remaining_time_in_millis() > TIME_FOR_A_PAGE_MS):
        logger.info("pictures queued", extra={"pictures": queued})
