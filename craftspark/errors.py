"""One family tree of named errors.

A class's name is its name everywhere: the Step Functions error, the `reason` in logs, the problem type of the API.
`detail` says what is wrong and what would be right, in words a maker or an operator can act on; `field` names the
part of the request it is about.
"""

from typing import Any


class CraftsparkError(Exception):
    """Anything Craftspark refuses or fails at by name."""

    def __init__(self, detail: str, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.facts = facts

    @property
    def name(self) -> str:
        return type(self).__name__


class SettingMissing(CraftsparkError):
    """A runtime was started without a setting it needs."""


# What a caller can put right.


class RequestRefused(CraftsparkError):
    """The request as sent will never succeed; nothing was reserved."""


class InvalidInput(RequestRefused):
    """A field of the request breaks its rule. `facts["errors"]` lists every such field."""


class BodyTooLarge(RequestRefused):
    """The request's body is over the limit."""


class ToolUnknown(RequestRefused):
    """No tool has this name."""


class UploadNotFound(RequestRefused):
    """The caller has no upload with this id, or has not sent the picture yet."""


class TooManyOpenUploads(RequestRefused):
    """As many uploads as the plan allows were created and are not checked yet."""


class WebhookNotFound(RequestRefused):
    """The caller has no webhook with this id."""


class PromptRefused(RequestRefused):
    """The words ask for what we do not make. `facts` has the `words` that are refused, where they are known."""


class JobNotFound(RequestRefused):
    """The caller has no job with this id."""


class IdempotencyKeyReused(RequestRefused):
    """The same Idempotency-Key came with another request."""


class CreditsInsufficient(RequestRefused):
    """The price is more than the credits available. `facts` has `price`, `available` and `affordable_count`."""


class TooManyActiveJobs(RequestRefused):
    """The maker's jobs in progress are at their limit. `facts` has `active_jobs` and `max_active_jobs`."""


class TooManyRequests(RequestRefused):
    """The maker's submissions of this minute, or refused prompts of this hour, are at their limit.

    `facts` has `retry_after_s`.
    """


class PlanExceeded(RequestRefused):
    """The maker's plan does not have what is asked for. `facts` has `plan`."""


class AccountSuspended(RequestRefused):
    """The maker's account takes no jobs."""


class RenderTooLong(RequestRefused):
    """The job alone takes longer than a job may. `facts` has `estimated_render_s`, `deadline_s` and `errors`, the
    fields that would have to change."""


class JobAlreadyFinal(RequestRefused):
    """The job has ended and cannot change any more."""


class JobUnfinished(RequestRefused):
    """The job is in progress; what is asked for can be done once it has ended."""


class AccessTokenRequired(RequestRefused):
    """The token is valid and is no access token: an ID token says who somebody is, not what may be done for them."""


class Forbidden(RequestRefused):
    """The token is valid and names no maker, or has none of the scopes of the route."""


class AccountMissing(RequestRefused):
    """The maker has no account yet."""


class WaitTooLong(CraftsparkError):
    """The job would wait longer than the request allows. `facts` has `estimated_wait_s` and `retry_after_s`."""


class BacklogTooLong(CraftsparkError):
    """The job would not end by its deadline behind all that waits. `facts` has `estimated_wait_s`,
    `estimated_render_s`, `deadline_s` and `retry_after_s`."""


class ModerationUnavailable(CraftsparkError):
    """The service that judges prompts and pictures did not answer; trying again helps."""


class AccountContended(CraftsparkError):
    """Too many of the maker's requests changed the account at the same moment; trying again helps."""


# What happens while rendering.


class RenderError(CraftsparkError):
    """A batch or an image was not rendered."""


class SpotInterrupted(RenderError):
    """The machine is being taken back; whatever is left can be rendered elsewhere at once."""


class ImageUndeliverable(RenderError):
    """One image cannot be delivered; those beside it can."""


class UnsafeContent(ImageUndeliverable):
    """The picture may not be delivered; rendering again would not help."""


class ImageFlawed(ImageUndeliverable):
    """The picture came out unusable, and the next seed's too."""


class ModelUnavailable(RenderError):
    """The model is not in this worker's catalogue, or its files are not what the catalogue says."""


class SourceMissing(RenderError):
    """The picture that the job begins from is gone."""


class RenderFailed(RenderError):
    """Rendering failed again and again for a reason that has no name of its own."""


class WorkerBroken(RenderError):
    """This worker could not start; one on another machine may."""


class JobOverdue(RenderError):
    """The job did not finish by its deadline."""


class ExecutionEnded(RenderError):
    """The job's execution ended before it settled the job."""
