"""The named errors of training."""

from craftspark.errors import CraftsparkError


class TrainingError(CraftsparkError):
    """A training or its data is not usable."""


class RecipeUnfit(TrainingError):
    """The recipe cannot be carried out."""


class RecipeChanged(TrainingError):
    """The run folder has another recipe; resuming would mix two recipes."""


class CheckpointBroken(TrainingError):
    """A checkpoint cannot be read, or belongs to another network."""


class CheckpointMissing(TrainingError):
    """The run has no checkpoint yet, so there is nothing to export."""


class LossNotFinite(TrainingError):
    """The loss or its gradient is not finite. `facts` has the `step` and the last good `checkpoint`."""


class DiskTooSmall(TrainingError):
    """The disk cannot hold the run's checkpoints."""


class SubjectsMissing(TrainingError):
    """The dataset has no pictures of the requested subjects."""


class DatasetBroken(TrainingError):
    """A dataset's folder or manifest is invalid."""


class DatasetTooLarge(TrainingError):
    """A dataset in a bucket exceeds the limit of files or bytes."""


class CaptionsMissing(TrainingError):
    """A picture or a whole folder has no caption."""


class LicenceMissing(TrainingError):
    """A picture has no licence."""


class PictureBroken(TrainingError):
    """A picture cannot be read, or its file is missing."""


class PictureTooSmall(TrainingError):
    """A picture is smaller than a patch."""


class TooFewPictures(TrainingError):
    """There are not enough pictures to learn from."""


class SourceUnavailable(TrainingError):
    """A package with pictures could not be installed, or differs from its declaration."""


class LikenessBroken(TrainingError):
    """A folder is not a likeness encoder, or is one for another text encoder."""


class TrainingFailed(TrainingError):
    """Training failed for a reason without a name."""


class AdapterExists(TrainingError):
    """The output folder of the adapter already exists."""
