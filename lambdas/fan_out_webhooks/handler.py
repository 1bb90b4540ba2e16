"""The event JobSettled -> a message for each of the maker's webhooks."""

from typing import Any

from craftspark.webhooks import body_of
from lambdas.log import logger
from lambdas.webhooks import queue, table


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    settled = event["detail"]
    for webhook in table().of(settled["maker"]):
        # The same event told twice is the same message: its receiver knows it by the id.
        message_id = f"msg_{settled['job_id']}_{webhook.webhook_id}"
        queue().send(webhook, message_id, body_of(settled, event["time"]))
        logger.info("webhook queued", extra={"job_id": settled["job_id"], "webhook_id": webhook.webhook_id})
