"""Errors that no task raises: state machines and schedules write these names."""

from craftspark.errors import FAMILY, CraftsparkError, Retry


class JobEndError(CraftsparkError, retry=FAMILY):
    """Why a job's images were not delivered."""


class JobOverdue(JobEndError, retry=Retry.NEVER):
    """The job did not end by its deadline."""


class ExecutionEnded(JobEndError, retry=Retry.NEVER):
    """The execution of the job ended before it settled the job."""


class GpuUnavailable(JobEndError, retry=Retry.NEVER):
    """No GPU was available in time. Makers see this name instead of the names of machine errors."""


class InternalError(JobEndError, retry=Retry.NEVER):
    """An internal error. Makers see this name instead of the real one."""


class TrainingEndError(CraftsparkError, retry=FAMILY):
    """Why a training did not end with a promoted version."""


class QualityTooLow(TrainingEndError, retry=Retry.NEVER):
    """The adapter explains pictures of its style no better than the model without it."""


class ApprovalExpired(TrainingEndError, retry=Retry.NEVER):
    """Nobody decided on the training in time."""


class Rejected(TrainingEndError, retry=Retry.NEVER):
    """A person rejected the training."""


class CanaryFailed(TrainingEndError, retry=Retry.NEVER):
    """The canary did not pass its trial."""
