"""Errors of the Lambdas of trainings and releases, for the state machine and for operators."""

from craftspark.errors import FAMILY, CraftsparkError, Retry


class TrainingStepError(CraftsparkError, retry=FAMILY):
    """A function that `train-model` invoked could not do its step."""


class TrainingNotFound(TrainingStepError, retry=Retry.NEVER):
    """No training has this ID."""


class NotApproved(TrainingStepError, retry=Retry.NEVER):
    """The version cannot be registered before a person approves it."""


class TrainingChanged(TrainingStepError, retry=Retry.LATER):
    """The training or its style changed since it was read."""


class CanaryRunning(TrainingStepError, retry=Retry.IN_TURN):
    """The style has another version on trial. This one can start when that trial has ended."""


class CanaryGone(TrainingStepError, retry=Retry.NEVER):
    """The style's canary is not the version of this trial."""


class StyleRequestRefused(CraftsparkError, retry=FAMILY):
    """An operator's request on a training or a release is refused."""


class VersionTaken(StyleRequestRefused, retry=Retry.NEVER):
    """The style already has a training of this version, with another request."""


class TrainingNotAwaiting(StyleRequestRefused, retry=Retry.NEVER):
    """The training does not wait for a decision at this time."""


class AlreadyDecided(StyleRequestRefused, retry=Retry.NEVER):
    """A different decision was made before."""


class StyleUnknown(StyleRequestRefused, retry=Retry.NEVER):
    """No version of this style was ever registered."""


class VersionNotReleased(StyleRequestRefused, retry=Retry.NEVER):
    """The version was never promoted."""


class ReleaseChanged(StyleRequestRefused, retry=Retry.LATER):
    """The style's release changed since it was read."""
