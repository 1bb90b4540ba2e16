"""The hierarchy of named errors.

The name of a class is also the error in Step Functions, the `reason` in logs and the problem type of the API. `detail`
says what is wrong and how to correct it. `field` is the part of the request that caused the error.
"""

from typing import Any


class CraftsparkError(Exception):
    """A named error of Craftspark."""

    def __init__(self, detail: str, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.facts = facts

    @property
    def name(self) -> str:
        return type(self).__name__


class SettingMissing(CraftsparkError):
    """A required setting is missing from the environment."""


# Errors that a caller can correct.


class RequestRefused(CraftsparkError):
    """The request was refused. Nothing was reserved, and the same request cannot succeed."""


class InvalidInput(RequestRefused):
    """A field of the request is not valid. `facts["errors"]` lists all invalid fields."""


class BodyTooLarge(RequestRefused):
    """The request body is too large."""


class ToolUnknown(RequestRefused):
    """The tool does not exist."""


class UploadNotFound(RequestRefused):
    """The caller has no upload with this ID, or has not sent its image yet."""


class TooManyOpenUploads(RequestRefused):
    """The maker has the maximum number of unchecked uploads."""


class WebhookNotFound(RequestRefused):
    """The caller has no webhook with this ID."""


class PromptRefused(RequestRefused):
    """The prompt is not allowed. `facts` has the `words` that are not allowed, if they are known."""


class JobNotFound(RequestRefused):
    """The caller has no job with this ID."""


class IdempotencyKeyReused(RequestRefused):
    """The idempotency key was used with a different request."""


class CreditsInsufficient(RequestRefused):
    """The price exceeds the available credits. `facts` has `price`, `available` and `affordable_count`."""


class TooManyActiveJobs(RequestRefused):
    """The maker has the maximum number of unfinished jobs. `facts` has `active_jobs` and `max_active_jobs`."""


class TooManyRequests(RequestRefused):
    """The maker has reached the limit of submissions per minute or of refused prompts per hour.

    `facts` has `retry_after_s`.
    """


class PlanExceeded(RequestRefused):
    """The maker's plan does not include the request. `facts` has `plan`."""


class AccountSuspended(RequestRefused):
    """The maker's account is suspended."""


class RenderTooLong(RequestRefused):
    """The job would exceed the time limit even without a backlog.

    `facts` has `estimated_render_s`, `deadline_s` and `errors`, the fields to change.
    """


class JobAlreadyFinal(RequestRefused):
    """The job has already ended."""


class JobUnfinished(RequestRefused):
    """The job is in progress. The operation requires that it has ended."""


class AccessTokenRequired(RequestRefused):
    """The token is valid but is not an access token, such as an ID token."""


class Forbidden(RequestRefused):
    """The token is valid but has no subject or none of the scopes of the route."""


class AccountMissing(RequestRefused):
    """The maker has no account."""


class WaitTooLong(CraftsparkError):
    """The job would wait longer than `max_wait_s`. `facts` has `estimated_wait_s` and `retry_after_s`."""


class BacklogTooLong(CraftsparkError):
    """The job would miss its deadline because of the backlog.

    `facts` has `estimated_wait_s`, `estimated_render_s`, `deadline_s` and `retry_after_s`.
    """


class ModerationUnavailable(CraftsparkError):
    """The moderation service did not respond. The request can be retried."""


class AccountContended(CraftsparkError):
    """Concurrent requests of the maker changed the same data. The request can be retried."""


# Errors during rendering.


class RenderError(CraftsparkError):
    """A batch or an image was not rendered."""


class SpotInterrupted(RenderError):
    """AWS is reclaiming the machine. Another worker can render the rest immediately."""


class ImageUndeliverable(RenderError):
    """One image cannot be delivered. It does not affect other images."""


class UnsafeContent(ImageUndeliverable):
    """The image shows content that is not allowed. It is not rendered again."""


class ImageFlawed(ImageUndeliverable):
    """The drawing and its second attempt are both unusable."""


class ModelUnavailable(RenderError):
    """The model is not in the catalogue, or its files do not match the catalogue."""


class SourceMissing(RenderError):
    """The source of the job no longer exists."""


class RenderFailed(RenderError):
    """Rendering failed repeatedly with an unnamed error."""


class WorkerBroken(RenderError):
    """The worker could not start. A worker on another machine may succeed."""


class JobOverdue(RenderError):
    """The job did not end by its deadline."""


class ExecutionEnded(RenderError):
    """The execution of the job ended before it settled the job."""
