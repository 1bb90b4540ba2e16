"""Queue of pictures that became public or stopped being public -> the indexes of the search."""

from typing import Any

from craftspark.gallery.indexing import PictureChange
from craftspark.parsing.json_values import parse_object
from lambdas.log import logger
from lambdas.wiring.indexing import indexing


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Index a batch. Of a batch, only messages fail that cannot be read, or whose picture cannot."""
    pictures: dict[str, str] = {}
    failed = set()
    for record in event["Records"]:
        try:
            pictures[record["messageId"]] = PictureChange.from_json(
                parse_object(record["body"], "body")["detail"]
            ).picture_id
        except Exception:
            logger.exception("message not read")
            failed.add(record["messageId"])
    broken = indexing().update(pictures.values()) if pictures else set()
    failed |= {message for message, picture_id in pictures.items() if picture_id in broken}
    logger.info("pictures indexed", extra={"pictures": len(pictures), "failed": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}
