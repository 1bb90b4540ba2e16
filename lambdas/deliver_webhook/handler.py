"""Delivery queue -> the webhooks' addresses; what fails comes back later and later, and then is a dead letter."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from craftspark.errors import CraftsparkError, WebhookNotFound
from craftspark.submissions import utc_now
from craftspark.webhooks import Delivery, TargetRefused, Webhook, addresses_of, backoff_s, headers_of
from lambdas.log import logger
from lambdas.posting import post, resolve
from lambdas.webhooks import queue, table

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


class NotDelivered(CraftsparkError):
    """The receiver did not take the message; it comes back."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)


def deliver(record: SQSRecord) -> None:
    message = record.json_body
    attempt = int(record.attributes.approximate_receive_count)
    try:
        webhook = table().get(message["maker"], message["webhook_id"])
    except WebhookNotFound:
        return  # it was deleted meanwhile
    delivery = tried(webhook, message["message_id"], message["body"].encode(), attempt)
    table().log(webhook.maker, delivery)
    facts = {"webhook_id": webhook.webhook_id, "status": delivery.status, "reason": delivery.error, "attempt": attempt}
    logger.info("webhook tried", extra=facts)
    if not delivery.delivered:
        queue().wait(record.receipt_handle, backoff_s(attempt))
        raise NotDelivered(f"{delivery.status or delivery.error}")


def tried(webhook: Webhook, message_id: str, body: bytes, attempt: int) -> Delivery:
    """One try. Where the name leads is looked at each time anew, and just there it goes."""
    now = utc_now()
    status, error = None, None
    try:
        address = addresses_of(webhook.url, resolve)[0]
        status = post(webhook.url, address, headers_of(webhook, message_id, body, now), body)
    except TargetRefused as refused:
        error = refused.detail
    except OSError as failure:
        error = f"{type(failure).__name__}: {failure}"[:300]
    return Delivery(
        webhook_id=webhook.webhook_id, message_id=message_id, attempt=attempt, at=now, status=status, error=error
    )
