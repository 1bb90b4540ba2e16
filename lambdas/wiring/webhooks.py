"""Webhooks and their queues, for handlers."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.notifications.webhooks import DeliveryQueue, WebhookTable
from craftspark.notifications.webhooks import Webhooks
from craftspark.settings.notifications import DeliverySettings, FanOutSettings, WebhookSettings
from lambdas.wiring.domain_names import to_ascii
from lambdas.wiring.pinned_https import resolve


@cache
def table() -> WebhookTable:
    return WebhookTable(client=clients.dynamodb(), table=WebhookSettings.from_environment().webhooks_table)


@cache
def webhooks() -> Webhooks:
    return Webhooks(records=table(), resolve=resolve, to_ascii=to_ascii)


@cache
def queue() -> DeliveryQueue:
    return DeliveryQueue(client=clients.sqs(), url=FanOutSettings.from_environment().delivery_queue_url)


@cache
def dead_letters() -> DeliveryQueue:
    return DeliveryQueue(client=clients.sqs(), url=DeliverySettings.from_environment().dead_letters_url)
