"""Named errors as RFC 9457 problems. Only this module and handlers have HTTP status codes."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from craftspark import errors
from craftspark.errors import CraftsparkError

CONTENT_TYPE = "application/problem+json"

STATUS: dict[type[CraftsparkError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PromptRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.ToolUnknown: HTTPStatus.NOT_FOUND,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.WebhookNotFound: HTTPStatus.NOT_FOUND,
    errors.UploadNotFound: HTTPStatus.NOT_FOUND,
    errors.IdempotencyKeyReused: HTTPStatus.CONFLICT,
    errors.JobAlreadyFinal: HTTPStatus.CONFLICT,
    errors.JobUnfinished: HTTPStatus.CONFLICT,
    errors.CreditsInsufficient: HTTPStatus.PAYMENT_REQUIRED,
    errors.TooManyActiveJobs: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.RenderTooLong: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooManyOpenUploads: HTTPStatus.TOO_MANY_REQUESTS,
    # The request set the limit itself; the service is fine, and its alarm on 5xx is not concerned.
    errors.WaitTooLong: HTTPStatus.CONFLICT,
    errors.BacklogTooLong: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PlanExceeded: HTTPStatus.FORBIDDEN,
    errors.AccountSuspended: HTTPStatus.FORBIDDEN,
    errors.AccountMissing: HTTPStatus.NOT_FOUND,
    errors.AccessTokenRequired: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.AccountContended: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ModerationUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
TITLES = {
    "InvalidInput": "A field of the request is not valid",
    "PromptRefused": "The prompt is not allowed",
    "BodyTooLarge": "The request body is too large",
    "ToolUnknown": "The tool does not exist",
    "JobNotFound": "The job does not exist",
    "WebhookNotFound": "The webhook does not exist",
    "UploadNotFound": "The upload does not exist",
    "IdempotencyKeyReused": "The idempotency key was used with another request",
    "JobAlreadyFinal": "The job has already ended",
    "JobUnfinished": "The job has not ended yet",
    "CreditsInsufficient": "The account does not have enough credits",
    "TooManyActiveJobs": "The account has too many unfinished jobs",
    "TooManyRequests": "A rate limit of your plan is reached",
    "RenderTooLong": "The job would take too long to render",
    "TooManyOpenUploads": "The account has too many unchecked uploads",
    "WaitTooLong": "The job would wait longer than max_wait_s",
    "BacklogTooLong": "The backlog is too long for the job to meet its deadline",
    "PlanExceeded": "Your plan does not include this",
    "AccountSuspended": "Your account is suspended",
    "AccountMissing": "The account does not exist",
    "AccessTokenRequired": "The token is not an access token",
    "Forbidden": "The access token does not allow this",
    "ModerationUnavailable": "Content moderation is not available",
    "AccountContended": "Concurrent requests changed the same data",
}
RETRY_AFTER_S = {
    errors.TooManyActiveJobs: 5,
    errors.TooManyRequests: 60,
    errors.TooManyOpenUploads: 60,
    errors.WaitTooLong: 10,
    errors.BacklogTooLong: 10,
    errors.AccountContended: 1,
    errors.ModerationUnavailable: 30,
}


class FieldError(BaseModel):
    """An invalid field."""

    field: str = Field(description="Path of the field, with dots between its parts.")
    detail: str = Field(description="What is wrong and how to correct it.")


class Problem(BaseModel):
    """Problem details as specified by RFC 9457."""

    type: str = Field(
        description="Type of the problem. It is stable: use it to identify the problem.",
        examples=["/problems/InvalidInput"],
    )
    title: str = Field(description="Summary of the problem type.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong with this request and how to correct it.")
    field: str | None = Field(None, description="Part of the request that caused the problem.")
    errors: list[FieldError] = Field(
        [], description="Invalid fields, with a detail for each. Absent if the problem does not list fields."
    )
    tokens: int | None = Field(
        None, description="With `InvalidInput` for a long text: number of tokens in the longest text."
    )
    max_tokens: int | None = Field(
        None, description="With `InvalidInput` for a long text: maximum number of tokens in a text."
    )
    price: int | None = Field(None, description="With `CreditsInsufficient`: price of the job, in credits.")
    available: int | None = Field(None, description="With `CreditsInsufficient`: available credits.")
    affordable_count: int | None = Field(
        None, description="With `CreditsInsufficient`: number of images that the available credits pay for."
    )
    active_jobs: int | None = Field(None, description="With `TooManyActiveJobs`: number of unfinished jobs.")
    max_active_jobs: int | None = Field(
        None, description="With `TooManyActiveJobs`: maximum number of unfinished jobs."
    )
    estimated_wait_s: int | None = Field(
        None, description="With `WaitTooLong` and `BacklogTooLong`: estimated wait before rendering starts, in seconds."
    )
    words: list[str] = Field(
        [], description="With `PromptRefused`: words of the prompt that are not allowed, if they are known."
    )
    estimated_render_s: int | None = Field(
        None, description="With `RenderTooLong` and `BacklogTooLong`: estimated render time, in seconds."
    )
    deadline_s: int | None = Field(
        None, description="With `RenderTooLong` and `BacklogTooLong`: time limit of a job, in seconds."
    )
    plan: str | None = Field(None, description="With `PlanExceeded`: name of your plan.")


class GatewayProblem(BaseModel):
    """An error from API Gateway. It is not an RFC 9457 problem."""

    message: str = Field(description="Explanation of the error.")


def problem_of(error: CraftsparkError) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status and body of a named error. Raises KeyError for an error that callers must not see."""
    status = STATUS[type(error)]
    facts = {name: value for name, value in error.facts.items() if name in Problem.model_fields}
    body = {"type": type_of(error.name), "title": TITLES[error.name], "status": status, "detail": error.detail}
    return status, {**body, **({"field": error.field} if error.field else {}), **facts}


def type_of(name: str) -> str:
    return f"/problems/{name}"
