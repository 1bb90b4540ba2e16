"""What training refuses or fails at, by name."""

from craftspark.errors import CraftsparkError


class TrainingError(CraftsparkError):
    """A training run, or what it was to learn from, is not fit."""


class RecipeUnfit(TrainingError):
    """The recipe asks for what cannot be done."""


class RecipeChanged(TrainingError):
    """The run folder was begun with another recipe; going on would mix two."""


class CheckpointBroken(TrainingError):
    """A checkpoint cannot be read, or is of another network."""


class CheckpointMissing(TrainingError):
    """The run has no checkpoint yet, so there is nothing to export."""


class LossNotFinite(TrainingError):
    """The loss or its gradient is no number any more. `facts` has the `step` and the last good `checkpoint`."""


class DiskTooSmall(TrainingError):
    """The disk cannot hold the run's checkpoints."""


class SubjectsMissing(TrainingError):
    """The dataset has no pictures of the subjects that were asked for."""


class DatasetBroken(TrainingError):
    """A dataset's folder, or a line of its manifest, is not what it should be."""


class DatasetTooLarge(TrainingError):
    """A dataset in a bucket has more files or bytes than a task may fetch."""


class CaptionsMissing(TrainingError):
    """A picture has no caption, or the folder has none at all."""


class LicenceMissing(TrainingError):
    """Nobody said under which licence a picture may be used."""


class PictureBroken(TrainingError):
    """A picture cannot be read, or its file is not there."""


class PictureTooSmall(TrainingError):
    """A picture is smaller than what is to be cut out of it."""


class TooFewPictures(TrainingError):
    """There are not enough pictures to learn from."""


class SourceUnavailable(TrainingError):
    """A package with pictures could not be installed, or is not what it was declared to be."""


class LikenessBroken(TrainingError):
    """A folder is no likeness encoder, or one for another text encoder."""


class TrainingFailed(TrainingError):
    """Training broke for a reason that has no name of its own."""


class AdapterExists(TrainingError):
    """The folder that an adapter was to be written to is there already."""
