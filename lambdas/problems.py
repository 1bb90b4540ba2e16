"""Named errors as RFC 9457 problems. HTTP status codes live here and in the handlers, nowhere else."""

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
    "InvalidInput": "A field of the request breaks its rule",
    "PromptRefused": "We make no pictures of this",
    "BodyTooLarge": "The request's body is too large",
    "ToolUnknown": "There is no such tool",
    "JobNotFound": "You have no such job",
    "WebhookNotFound": "You have no such webhook",
    "UploadNotFound": "You have no such upload",
    "IdempotencyKeyReused": "This Idempotency-Key belongs to another request",
    "JobAlreadyFinal": "The job has ended",
    "JobUnfinished": "The job is in progress",
    "CreditsInsufficient": "Not enough credits",
    "TooManyActiveJobs": "Too many jobs in progress",
    "TooManyRequests": "Too many requests",
    "RenderTooLong": "The job would take too long",
    "TooManyOpenUploads": "Too many uploads that are not checked yet",
    "WaitTooLong": "The job would wait too long",
    "BacklogTooLong": "Too much work waits for this job to end in time",
    "PlanExceeded": "Your plan does not have this",
    "AccountSuspended": "Your account is suspended",
    "AccountMissing": "There is no such account",
    "AccessTokenRequired": "The token is not an access token",
    "Forbidden": "The token does not allow this",
    "ModerationUnavailable": "Prompts or pictures cannot be judged at the moment",
    "AccountContended": "Too many requests at once",
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
    """One field at fault."""

    field: str
    detail: str


class Problem(BaseModel):
    """An RFC 9457 problem. `type` is stable: the name of the error everywhere else."""

    type: str = Field(examples=["/problems/InvalidInput"])
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="The part of the request that is at fault.")
    errors: list[FieldError] = Field([], description="Every field at fault, when there are several.")
    tokens: int | None = Field(None, description="The tokens of the longest text that is over the model's limit.")
    max_tokens: int | None = Field(None, description="The most tokens that the model reads of a text.")
    price: int | None = Field(None, description="What the job costs, in credits.")
    available: int | None = Field(None, description="Credits available.")
    affordable_count: int | None = Field(None, description="The count that the credits available pay for.")
    active_jobs: int | None = Field(None, description="Your jobs in progress.")
    max_active_jobs: int | None = Field(None, description="How many may be in progress.")
    estimated_wait_s: int | None = Field(None, description="How long the job would wait, in seconds.")
    words: list[str] = Field([], description="The words that are refused, where they are known.")
    estimated_render_s: int | None = Field(None, description="How long it would take to render, in seconds.")
    deadline_s: int | None = Field(None, description="How long a job may take from submission to its end, in seconds.")
    plan: str | None = Field(None, description="Your plan.")


class GatewayProblem(BaseModel):
    """What API Gateway answers by itself: no RFC 9457 problem."""

    message: str


def problem_of(error: CraftsparkError) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status and body that answer a named error; raises KeyError for one that is no caller's business."""
    status = STATUS[type(error)]
    facts = {name: value for name, value in error.facts.items() if name in Problem.model_fields}
    body = {"type": type_of(error.name), "title": TITLES[error.name], "status": status, "detail": error.detail}
    return status, {**body, **({"field": error.field} if error.field else {}), **facts}


def type_of(name: str) -> str:
    return f"/problems/{name}"
