"""The event JobSettled -> a message for each of the maker's webhooks."""

from typing import Any

from craftspark.clock import utc_now
from craftspark.jobs.endings import JobSettled
from craftspark.notifications.webhooks import message_of
from lambdas.log import logger
from lambdas.wiring.webhooks import queue, table


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    settled = JobSettled.from_json(event["detail"])
    for webhook in table().of(settled.maker):
        queue().send(message_of(webhook, settled, event["time"]), utc_now())
        logger.info("webhook queued", extra={"job_id": settled.job_id, "webhook_id": webhook.webhook_id})
