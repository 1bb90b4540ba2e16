"""The messages to webhooks, as OpenAPI describes them."""

from typing import Any

from lambdas.http.openapi.responses import reference
from lambdas.http.webhook_views import JobSettledMessage

# The headers of Standard Webhooks.
HEADERS = {
    "webhook-id": "ID of the message. It is the same for all attempts, so use it to ignore duplicates.",
    "webhook-timestamp": "Time of the attempt, in seconds since 1970.",
    "webhook-signature": "Signatures of the message, separated by spaces: one for each valid secret.",
}


def describe_messages() -> dict[str, Any]:
    """The OpenAPI `webhooks` object."""
    parameters = [
        {"name": name, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
        for name, description in HEADERS.items()
    ]
    message = {
        "operationId": "job_settled",
        "summary": "A job has ended",
        "description": "Sent to each of your webhooks when one of your jobs ends. Verify the signature as specified by "
        "Standard Webhooks (standardwebhooks.com).",
        "tags": ["webhooks"],
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference(JobSettledMessage)}}},
        "responses": {
            "2XX": {"description": "The message was accepted."},
            "4XX": {"description": "The message was not accepted. It is sent again later."},
        },
    }
    return {"job.settled": {"post": message}}
