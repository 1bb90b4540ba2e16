"""Request and response bodies of webhooks."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from craftspark.notifications.webhook_urls import MAX_URL
from craftspark.notifications.webhooks import Delivery, Webhook
from craftspark.parsing.texts import LINE
from lambdas.http.schemas import Body, View


class WebhookRequest(Body):
    """The endpoint of a new webhook."""

    url: Annotated[str, StringConstraints(max_length=MAX_URL), LINE] = Field(
        description="HTTPS URL of an endpoint on the public internet, with port 443. The response has it in "
        "normalised form.",
        examples=["https://example.com/craftspark"],
    )


class WebhookView(View):
    """A webhook. Its messages are signed as specified by Standard Webhooks (standardwebhooks.com)."""

    webhook_id: str = Field(description="ID of the webhook.")
    url: str = Field(description="URL that messages are sent to.")
    created_at: datetime = Field(description="Time at which the webhook was created.")
    secret: str | None = Field(
        None, description="Secret that signs the messages. Only in the response to the request that created the secret."
    )


class WebhookList(View):
    """All webhooks of a maker."""

    webhooks: list[WebhookView] = Field(description="The webhooks, without their secrets.")


class SettledJob(View):
    """The result of a job, without its prompt and images."""

    job_id: str = Field(description="ID of the job.")
    tool: str = Field(description="Name of the tool.")
    state: Literal["succeeded", "partly_succeeded", "failed", "cancelled"] = Field(description="Final state.")
    delivered: int = Field(description="Number of delivered images.")
    requested: int = Field(description="Number of requested images.")


class JobSettledMessage(View):
    """The message to a webhook when a job has ended."""

    type: Literal["job.settled"] = Field(description="Type of the message.")
    timestamp: datetime = Field(description="Time of the event, after the job ended.")
    data: SettledJob = Field(description="The job.")


class DeliveryView(View):
    """One attempt to deliver a message."""

    message_id: str = Field(description="ID of the message. It is the same for all attempts.")
    attempt: int = Field(description="Number of the attempt, from 1.")
    at: datetime = Field(description="Time of the attempt.")
    delivered: bool = Field(description="Whether the endpoint accepted the message.")
    status: int | None = Field(None, description="HTTP status of the endpoint's response.")
    error: str | None = Field(None, description="Reason why the attempt failed.")


class DeliveryList(View):
    """Delivery attempts of the last 30 days, newest first."""

    deliveries: list[DeliveryView] = Field(description="The attempts.")


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
