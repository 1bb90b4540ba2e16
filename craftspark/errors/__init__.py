"""Named errors: the errors whose names leave a process.

The name of a class is also the error of a task token, of an invoked Lambda and of Step Functions, the `reason` in logs
and the problem type of the API. Every such error is a class in this package. An exception that its caller handles in
the same process is a plain Exception in the module that raises it.

`detail` says what is wrong and how to correct it. `field` is the part of the request that caused the error.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, ClassVar, Final


class Retry(Enum):
    """Which retry can succeed after an error. The retry and catch lists of the state machines follow from it."""

    NEVER = auto()  # none: the same work fails again in the same way
    AT_ONCE = auto()  # immediately: another worker continues the work
    ELSEWHERE = auto()  # on another machine: this one is at fault
    LATER = auto()  # after some seconds: the fault is temporary
    IN_TURN = auto()  # after something else has ended, which can take hours


FAMILY: Final = None  # in place of a retry class: a base class of errors, which is never raised itself


class CraftsparkError(Exception):
    """A named error of Craftspark. Each subclass states its retry class, or that it is a family."""

    retry: ClassVar[Retry]

    def __init_subclass__(cls, *, retry: Retry | None) -> None:
        super().__init_subclass__()
        if retry is not FAMILY:
            cls.retry = retry

    def __init__(self, detail: str, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.facts = facts

    @property
    def name(self) -> str:
        return type(self).__name__


def members(*kinds: type[CraftsparkError]) -> list[type[CraftsparkError]]:
    """These errors, with each family replaced by the errors that derive from it in its own module."""
    found: dict[type[CraftsparkError], None] = {}
    for kind in kinds:
        if hasattr(kind, "retry"):
            found[kind] = None
        else:
            below = [each for each in kind.__subclasses__() if each.__module__ == kind.__module__]
            found |= dict.fromkeys(members(*below))
    return list(found)


def names(kinds: Iterable[type[CraftsparkError]], retry: Retry) -> list[str]:
    """The names of the members with this retry class, in alphabetical order."""
    return sorted(each.__name__ for each in members(*kinds) if each.retry is retry)


class SettingMissing(CraftsparkError, retry=Retry.NEVER):
    """A required setting is missing from the environment."""


# Errors that the API returns.


class ApiProblem(CraftsparkError, retry=FAMILY):
    """The API returns it as a problem, with a Retry-After header if its retry class is LATER."""


class RequestRefused(ApiProblem, retry=FAMILY):
    """The request was refused. Nothing was reserved."""


class InvalidInput(RequestRefused, retry=Retry.NEVER):
    """A field of the request is not valid. `facts["errors"]` lists all invalid fields."""


class BodyTooLarge(RequestRefused, retry=Retry.NEVER):
    """The request body is too large."""


class ToolUnknown(RequestRefused, retry=Retry.NEVER):
    """The tool does not exist."""


class UploadNotFound(RequestRefused, retry=Retry.NEVER):
    """The caller has no upload with this ID, or has not sent its image yet."""


class TooManyOpenUploads(RequestRefused, retry=Retry.LATER):
    """The maker has the maximum number of unchecked uploads."""


class PictureNotFound(RequestRefused, retry=Retry.NEVER):
    """There is no published picture with this ID, or the caller has not published it."""


class PictureAlreadyPublished(RequestRefused, retry=Retry.NEVER):
    """The image is published with another title, other tags or another licence."""


class PictureTakenDown(RequestRefused, retry=Retry.NEVER):
    """An administrator has taken the picture down."""


class AppealClosed(RequestRefused, retry=Retry.NEVER):
    """The picture is not taken down, or there was an appeal against its takedown before."""


class MakerNotFound(RequestRefused, retry=Retry.NEVER):
    """No maker with this ID has published."""


class NameUnavailable(RequestRefused, retry=Retry.NEVER):
    """Another maker has a name that looks like this one, or an administrator has removed it from the caller."""


class WebhookNotFound(RequestRefused, retry=Retry.NEVER):
    """The caller has no webhook with this ID."""


class PromptRefused(RequestRefused, retry=Retry.NEVER):
    """A prompt or another text is not allowed. `facts` has the `words` that are not allowed, if they are known."""


class JobNotFound(RequestRefused, retry=Retry.NEVER):
    """The caller has no job with this ID."""


class IdempotencyKeyReused(RequestRefused, retry=Retry.NEVER):
    """The idempotency key was used with a different request."""


class CreditsInsufficient(RequestRefused, retry=Retry.NEVER):
    """The price exceeds the available credits. `facts` has `price`, `available` and `affordable_count`."""


class TooManyActiveJobs(RequestRefused, retry=Retry.LATER):
    """The maker has the maximum number of unfinished jobs. `facts` has `active_jobs` and `max_active_jobs`."""


class TooManyRequests(RequestRefused, retry=Retry.LATER):
    """The maker has reached the limit of submissions per minute or of refused prompts per hour.

    `facts` has `retry_after_s`.
    """


class PlanExceeded(RequestRefused, retry=Retry.NEVER):
    """The maker's plan does not include the request. `facts` has `plan`."""


class AccountSuspended(RequestRefused, retry=Retry.NEVER):
    """The maker's account is suspended."""


class RenderTooLong(RequestRefused, retry=Retry.NEVER):
    """The job would exceed the time limit even without a backlog.

    `facts` has `estimated_render_s`, `deadline_s` and `errors`, the fields to change.
    """


class JobAlreadyFinal(RequestRefused, retry=Retry.NEVER):
    """The job has already ended."""


class JobUnfinished(RequestRefused, retry=Retry.NEVER):
    """The job is in progress. The operation requires that it has ended."""


class FilesMissing(RequestRefused, retry=Retry.NEVER):
    """The job has no files: none of its images was delivered, or they were deleted."""


class FilesTooLarge(RequestRefused, retry=Retry.NEVER):
    """The files of the job are too large for one zip file."""


class AccessTokenRequired(RequestRefused, retry=Retry.NEVER):
    """The token is valid but is not an access token, such as an ID token."""


class Forbidden(RequestRefused, retry=Retry.NEVER):
    """The token is valid but has no subject or none of the scopes of the route."""


class AccountMissing(RequestRefused, retry=Retry.NEVER):
    """The maker has no account."""


class WaitTooLong(ApiProblem, retry=Retry.LATER):
    """The job would wait longer than `max_wait_s`. `facts` has `estimated_wait_s` and `retry_after_s`."""


class BacklogTooLong(ApiProblem, retry=Retry.LATER):
    """The job would miss its deadline because of the backlog.

    `facts` has `estimated_wait_s`, `estimated_render_s`, `deadline_s` and `retry_after_s`.
    """


class CapacityInsufficient(ApiProblem, retry=Retry.LATER):
    """The GPU capacity that the pool can get does not suffice for the job in its lane, or not for the maker's plan.

    `facts` has `retry_after_s`. If the plan refuses the job, it also has `estimated_wait_s`, `admitted_wait_s`, `plan`,
    and `bulk_wait_s` and `errors` if the bulk lane accepts the job.
    """


class ModerationUnavailable(ApiProblem, retry=Retry.LATER):
    """The moderation service did not respond. The request can be retried."""


class AccountContended(ApiProblem, retry=Retry.LATER):
    """Concurrent requests of the maker changed the same data. The request can be retried."""


class ServiceBusy(ApiProblem, retry=Retry.LATER):
    """A service of AWS throttles calls or fails. The request can be retried."""


# Errors of rendering tasks.


class RenderError(CraftsparkError, retry=FAMILY):
    """A batch or an image was not rendered."""


class SpotInterrupted(RenderError, retry=Retry.AT_ONCE):
    """AWS is reclaiming the machine. Another worker can render the rest immediately."""


class ImageUndeliverable(RenderError, retry=FAMILY):
    """One image cannot be delivered. It does not affect other images."""


class UnsafeContent(ImageUndeliverable, retry=Retry.NEVER):
    """The image shows content that is not allowed. It is not rendered again."""


class ImageFlawed(ImageUndeliverable, retry=Retry.NEVER):
    """The drawing and its second attempt are both unusable."""


class ModelUnavailable(RenderError, retry=Retry.NEVER):
    """The model is not in the catalogue, or its files do not match the catalogue."""


class SigningKeyUnusable(RenderError, retry=Retry.NEVER):
    """The key of content credentials cannot be read, or cannot sign."""


class SourceMissing(RenderError, retry=Retry.NEVER):
    """The source of the job no longer exists."""


class RenderFailed(RenderError, retry=Retry.NEVER):
    """Rendering failed repeatedly with an unnamed error."""


class NotReady(CraftsparkError, retry=Retry.LATER):
    """The model is not loaded yet, or too many requests wait."""


# Temporary errors of functions that a state machine invokes.


class Contended(CraftsparkError, retry=Retry.LATER):
    """Every attempt of a transaction conflicted with other transactions."""


class JobChanged(CraftsparkError, retry=Retry.LATER):
    """The record is out of date: an image was stored, or the job ended."""


class EventRefused(CraftsparkError, retry=Retry.LATER):
    """EventBridge did not accept an event."""
