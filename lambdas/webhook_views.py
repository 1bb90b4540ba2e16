"""What the API answers about webhooks, and takes to register one."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from craftspark.parsing import LINE
from craftspark.webhook_urls import LONGEST_URL
from craftspark.webhooks import Delivery, Webhook
from lambdas.shapes import Body, View


class WebhookRequest(Body):
    """Where to be told how jobs end."""

    url: Annotated[str, StringConstraints(max_length=LONGEST_URL), LINE] = Field(
        description="https, port 443, on the public internet. Answered in its normal form.",
        examples=["https://example.com/craftspark"],
    )


class WebhookView(View):
    """An endpoint. Messages are signed by Standard Webhooks."""

    webhook_id: str
    url: str
    created_at: datetime
    secret: str | None = Field(None, description="Signs the messages; shown when it is made, and never again.")


class WebhookList(View):
    """All endpoints."""

    webhooks: list[WebhookView]


class DeliveryView(View):
    """One try to deliver a message."""

    message_id: str
    attempt: int
    at: datetime
    delivered: bool
    status: int | None = Field(None, description="What the endpoint answered.")
    error: str | None = Field(None, description="Why the message counts as not delivered.")


class DeliveryList(View):
    """Tries, newest first; the log goes back 30 days."""

    deliveries: list[DeliveryView]


def webhook_view(webhook: Webhook, *, secret: bool = False) -> WebhookView:
    return WebhookView(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        created_at=webhook.created_at,
        secret=webhook.secret if secret else None,
    )


def delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        message_id=delivery.message_id,
        attempt=delivery.attempt,
        at=delivery.at,
        delivered=delivery.delivered,
        status=delivery.status,
        error=delivery.error,
    )
