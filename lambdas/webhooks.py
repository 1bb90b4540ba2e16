"""Webhooks as the handlers around them need them."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.webhooks import DeliveryQueue, WebhookTable
from craftspark.settings import DeliverySettings, WebhookSettings
from craftspark.webhooks import Webhooks
from lambdas.posting import resolve


@cache
def table() -> WebhookTable:
    return WebhookTable(client=clients.dynamodb(), table=WebhookSettings.from_environment().webhooks_table)


@cache
def webhooks() -> Webhooks:
    return Webhooks(book=table(), resolve=resolve)


@cache
def queue() -> DeliveryQueue:
    return DeliveryQueue(client=clients.sqs(), url=DeliverySettings.from_environment().delivery_queue_url)
