"""Named errors as RFC 9457 problems. Only this module and handlers have HTTP status codes."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from craftspark import errors
from craftspark.errors import ApiProblem

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """The response to an error. An error's own `retry_after_s` takes precedence over the one here."""

    status: HTTPStatus
    title: str
    retry_after_s: int | None = None


# One row for each error that the API returns. The type of a problem is the name of its error.
PROBLEMS: dict[type[ApiProblem], Answer] = {
    errors.InvalidInput: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "A field of the request is not valid"),
    errors.PromptRefused: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The text is not allowed"),
    errors.BodyTooLarge: Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request body is too large"),
    errors.ToolUnknown: Answer(HTTPStatus.NOT_FOUND, "The tool does not exist"),
    errors.JobNotFound: Answer(HTTPStatus.NOT_FOUND, "The job does not exist"),
    errors.WebhookNotFound: Answer(HTTPStatus.NOT_FOUND, "The webhook does not exist"),
    errors.UploadNotFound: Answer(HTTPStatus.NOT_FOUND, "The upload does not exist"),
    errors.PictureNotFound: Answer(HTTPStatus.NOT_FOUND, "The picture does not exist"),
    errors.MakerNotFound: Answer(HTTPStatus.NOT_FOUND, "The maker does not exist"),
    errors.NameUnavailable: Answer(HTTPStatus.CONFLICT, "The name is not available"),
    errors.PictureAlreadyPublished: Answer(HTTPStatus.CONFLICT, "The image is already published"),
    errors.PictureTakenDown: Answer(HTTPStatus.CONFLICT, "The picture was taken down"),
    errors.AppealClosed: Answer(HTTPStatus.CONFLICT, "There is nothing to appeal against"),
    errors.IdempotencyKeyReused: Answer(HTTPStatus.CONFLICT, "The idempotency key was used with another request"),
    errors.JobAlreadyFinal: Answer(HTTPStatus.CONFLICT, "The job has already ended"),
    errors.JobUnfinished: Answer(HTTPStatus.CONFLICT, "The job has not ended yet"),
    errors.FilesMissing: Answer(HTTPStatus.NOT_FOUND, "The job has no files"),
    errors.FilesTooLarge: Answer(HTTPStatus.CONFLICT, "The files are too large for one zip file"),
    errors.CreditsInsufficient: Answer(HTTPStatus.PAYMENT_REQUIRED, "The account does not have enough credits"),
    errors.TooManyActiveJobs: Answer(
        HTTPStatus.TOO_MANY_REQUESTS, "The account has too many unfinished jobs", retry_after_s=5
    ),
    errors.TooManyRequests: Answer(
        HTTPStatus.TOO_MANY_REQUESTS, "A rate limit of your plan is reached", retry_after_s=60
    ),
    errors.RenderTooLong: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The job would take too long to render"),
    errors.TooManyOpenUploads: Answer(
        HTTPStatus.TOO_MANY_REQUESTS, "The account has too many unchecked uploads", retry_after_s=60
    ),
    # The request set the limit itself; the service is fine, and its alarm on 5xx is not concerned.
    errors.WaitTooLong: Answer(HTTPStatus.CONFLICT, "The job would wait longer than max_wait_s", retry_after_s=10),
    errors.BacklogTooLong: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The backlog is too long for the job to meet its deadline",
        retry_after_s=10,
    ),
    # The stage's budget and the plan set the limit; the service is fine, and its alarm on 5xx is not concerned.
    errors.CapacityInsufficient: Answer(
        HTTPStatus.TOO_MANY_REQUESTS, "There is not enough GPU capacity for the job now", retry_after_s=30
    ),
    errors.PlanExceeded: Answer(HTTPStatus.FORBIDDEN, "Your plan does not include this"),
    errors.AccountSuspended: Answer(HTTPStatus.FORBIDDEN, "Your account is suspended"),
    errors.AccountMissing: Answer(HTTPStatus.NOT_FOUND, "The account does not exist"),
    errors.AccessTokenRequired: Answer(HTTPStatus.UNAUTHORIZED, "The token is not an access token"),
    errors.Forbidden: Answer(HTTPStatus.FORBIDDEN, "The access token does not allow this"),
    errors.AccountContended: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, "Concurrent requests changed the same data", retry_after_s=1
    ),
    errors.ServiceBusy: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy", retry_after_s=2),
    errors.ModerationUnavailable: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, "Content moderation is not available", retry_after_s=30
    ),
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
        None,
        description="With `WaitTooLong`, `BacklogTooLong` and `CapacityInsufficient`: estimated wait before rendering "
        "starts, in seconds.",
    )
    admitted_wait_s: int | None = Field(
        None,
        description="With `CapacityInsufficient`: longest wait that your plan accepts while GPU capacity is short, in "
        "seconds.",
    )
    bulk_wait_s: int | None = Field(
        None,
        description="With `CapacityInsufficient`: estimated wait before rendering starts if `lane` is `bulk`, in "
        "seconds. Absent if the bulk lane would not accept the job either.",
    )
    words: list[str] = Field(
        [], description="With `PromptRefused`: words of the text that are not allowed, if they are known."
    )
    estimated_render_s: int | None = Field(
        None, description="With `RenderTooLong` and `BacklogTooLong`: estimated render time, in seconds."
    )
    deadline_s: int | None = Field(
        None, description="With `RenderTooLong` and `BacklogTooLong`: time limit of a job, in seconds."
    )
    plan: str | None = Field(None, description="With `PlanExceeded` and `CapacityInsufficient`: name of your plan.")


class GatewayProblem(BaseModel):
    """An error from API Gateway. It is not an RFC 9457 problem."""

    message: str = Field(description="Explanation of the error.")


def problem_of(error: ApiProblem) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status and body of a named error."""
    answer = PROBLEMS[type(error)]
    facts = {name: value for name, value in error.facts.items() if name in Problem.model_fields}
    body = {"type": type_of(error.name), "title": answer.title, "status": answer.status, "detail": error.detail}
    return answer.status, {**body, **({"field": error.field} if error.field else {}), **facts}


def type_of(name: str) -> str:
    return f"/problems/{name}"
