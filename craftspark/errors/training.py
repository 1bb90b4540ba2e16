"""Errors of training tasks: faults of the data, of the recipe and of the training itself."""

from craftspark.errors import FAMILY, CraftsparkError, Retry


class TrainingError(CraftsparkError, retry=FAMILY):
    """A training or its data is not usable."""


class RecipeUnfit(TrainingError, retry=Retry.NEVER):
    """The recipe cannot be carried out."""


class ModelUntrainable(TrainingError, retry=Retry.NEVER):
    """Styles cannot be trained for this model."""


class RecipeChanged(TrainingError, retry=Retry.NEVER):
    """The run folder has another recipe; resuming would mix two recipes."""


class CheckpointBroken(TrainingError, retry=Retry.NEVER):
    """A checkpoint cannot be read, or belongs to another network."""


class LossNotFinite(TrainingError, retry=Retry.NEVER):
    """The loss or its gradient is not finite. `facts` has the `step` and the last good `checkpoint`."""


class DiskTooSmall(TrainingError, retry=Retry.NEVER):
    """The disk cannot hold the run's checkpoints."""


class SubjectsMissing(TrainingError, retry=Retry.NEVER):
    """The dataset has no pictures of the requested subjects."""


class DatasetBroken(TrainingError, retry=Retry.NEVER):
    """A dataset's folder or manifest is invalid."""


class DatasetTooLarge(TrainingError, retry=Retry.NEVER):
    """A dataset in a bucket exceeds the limit of files or bytes."""


class CaptionsMissing(TrainingError, retry=Retry.NEVER):
    """A picture or a whole folder has no caption."""


class LicenceMissing(TrainingError, retry=Retry.NEVER):
    """A picture has no licence."""


class PictureBroken(TrainingError, retry=Retry.NEVER):
    """A picture cannot be read, or its file is missing."""


class PictureTooSmall(TrainingError, retry=Retry.NEVER):
    """A picture is smaller than a patch."""


class TooFewPictures(TrainingError, retry=Retry.NEVER):
    """There are not enough pictures to learn from."""


class AdapterExists(TrainingError, retry=Retry.NEVER):
    """The output folder of the adapter already exists."""


class TrainingFailed(TrainingError, retry=Retry.ELSEWHERE):
    """Training failed for a reason without a name."""
