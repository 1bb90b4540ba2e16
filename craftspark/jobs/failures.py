"""Public reasons for images that were not delivered. The full details are in the execution and the logs."""

from typing import Final

from craftspark.errors import (
    CraftsparkError,
    ImageFlawed,
    InvalidInput,
    JobNotFound,
    ModelUnavailable,
    RenderFailed,
    SigningKeyUnusable,
    SourceMissing,
    SpotInterrupted,
    UnsafeContent,
)
from craftspark.errors.aws_names import HEARTBEAT_TIMEOUT, TIMEOUT
from craftspark.errors.outcomes import ExecutionEnded, GpuUnavailable, InternalError, JobOverdue
from craftspark.errors.worker import AwsUnreachable, DeviceLost, WorkerBroken, WorkerLost

# The details of these errors are written for makers. They are about the request or the image.
PUBLIC_AS_IS: Final[tuple[type[CraftsparkError], ...]] = (ImageFlawed, InvalidInput, SourceMissing, UnsafeContent)

# The other public names, each with a reason.
REASONS: Final[dict[type[CraftsparkError], str]] = {
    ExecutionEnded: "the job was stopped before it was complete; the image was not charged, send the request again",
    GpuUnavailable: "no GPU was available in time; the image was not charged, send the request again later",
    InternalError: "an internal error occurred; the image was not charged, send the request again",
    JobOverdue: "the job did not end by its deadline; the image was not charged, send the request again later",
    ModelUnavailable: "the model or style is not available; the image was not charged, send the request again later",
    RenderFailed: "the image could not be rendered; it was not charged, change the request or send it again",
}
# The errors of machines and of operators, by the public error that replaces them.
REPLACED: Final[dict[type[CraftsparkError], type[CraftsparkError]]] = {
    AwsUnreachable: InternalError,
    DeviceLost: InternalError,
    JobNotFound: InternalError,
    SigningKeyUnusable: InternalError,
    SpotInterrupted: GpuUnavailable,
    WorkerBroken: InternalError,
    WorkerLost: GpuUnavailable,
}
# All values of `images[].error` of a job.
FAILURE_NAMES: Final = tuple(sorted(kind.__name__ for kind in {*PUBLIC_AS_IS, *REASONS}))

_WITH_DETAIL = {kind.__name__ for kind in PUBLIC_AS_IS}
_PUBLIC: dict[str, type[CraftsparkError]] = {
    HEARTBEAT_TIMEOUT: GpuUnavailable,
    TIMEOUT: GpuUnavailable,
    **{kind.__name__: kind for kind in REASONS},
    **{kind.__name__: public for kind, public in REPLACED.items()},
}


def failure_for_maker(error: str, detail: str) -> tuple[str, str]:
    """The public name and reason of an error with this name and detail."""
    if error in _WITH_DETAIL and detail:
        return error, detail
    public = _PUBLIC.get(error, InternalError)
    return public.__name__, REASONS[public]
