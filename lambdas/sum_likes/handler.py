"""Stream of the gallery's table -> the sum of each picture's counters of likes."""

from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.likes_table import LikesTable, picture_of
from craftspark.settings.gallery import RecordSettings
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Sum up each picture once, however many of its counters changed. A batch that failed is delivered again."""
    likes = LikesTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)
    for picture_id in dict.fromkeys(picture_of(record["dynamodb"]["Keys"]) for record in event["Records"]):
        likes.sum_up(picture_id)
