"""Delivery queue -> the endpoints of webhooks. A message that fails is sent to the queue again for its next attempt."""

from http.client import HTTPException
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from craftspark.clock import utc_now
from craftspark.errors import WebhookNotFound
from craftspark.metrics import event
from craftspark.notifications.webhook_urls import TargetRefused, addresses_of, host_of
from craftspark.notifications.webhooks import (
    ATTEMPT_LASTS,
    AttemptInProgress,
    Delivery,
    Message,
    Webhook,
    fault_of,
    headers_of,
)
from lambdas.log import logger
from lambdas.wiring.pinned_https import WITHIN_S, Deadline, explain, post, resolve
from lambdas.wiring.webhooks import dead_letters, queue, table

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)


def deliver(record: SQSRecord) -> None:
    """Deliver one message, or send it to the queue again until it is due.

    SQS can deliver a message twice, also at the same time, so one copy starts the attempt in the table. Its result is
    stored before the message is deleted. If this function stops in between, SQS delivers the message again, and the
    stored result prevents a second attempt. A copy that meets an attempt in progress is sent again with a delay, in
    case the function that has started it does not end.
    """
    message = Message.parse(record.body)
    if message.due > utc_now():
        queue().send(message, utc_now())
        return
    try:
        webhook = table().get(message.maker, message.webhook_id)
    except WebhookNotFound:
        return  # the webhook was deleted
    try:
        before = table().start(message, utc_now())
    except AttemptInProgress:
        queue().send(message, utc_now(), after=ATTEMPT_LASTS)
        return
    if before:
        delivery = before.delivery
    else:
        delivery = attempt(webhook, message)
        table().log(message, delivery)
    if delivery.delivered or (before and before.followed):
        return
    if following := message.after(delivery):
        queue().send(following, utc_now())
    else:
        # Restarted, so that a redrive from the dead-letter queue starts a new series of attempts.
        dead_letters().send(message.restart(utc_now()), utc_now())
        facts = {"webhook_id": webhook.webhook_id, "message_id": message.message_id, "attempts": message.attempt}
        logger.warning("webhook given up", extra={**facts, **event("WebhookGivenUp")})
    table().log(message, delivery, followed=True)


def attempt(webhook: Webhook, message: Message) -> Delivery:
    """Attempt one delivery. Each attempt resolves the host name again, and connects only to the checked addresses."""
    now, body = utc_now(), message.body.encode()
    status, error = None, None
    deadline = Deadline.after(WITHIN_S)
    try:
        addresses = addresses_of(host_of(webhook.url), lambda host: resolve(host, deadline))
        status = post(webhook.url, addresses, headers_of(webhook, message.message_id, body, now), body, deadline)
        error = fault_of(status)
    except TargetRefused as refused:
        error = str(refused)
    except (OSError, HTTPException) as failure:
        error = explain(failure)
        logger.info("webhook not reached", extra={"webhook_id": webhook.webhook_id, "reason": repr(failure)[:300]})
    facts = {"webhook_id": webhook.webhook_id, "status": status, "reason": error, "attempt": message.attempt}
    logger.info("webhook attempted", extra=facts)
    return Delivery(
        webhook_id=webhook.webhook_id,
        message_id=message.message_id,
        attempt=message.attempt,
        at=now,
        status=status,
        error=error,
    )
