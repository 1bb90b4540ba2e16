"""The errors of each task and function that a state machine calls. Their retry classes decide the next state."""

from typing import Final

from craftspark.errors import (
    Contended,
    CraftsparkError,
    EventRefused,
    InvalidInput,
    JobChanged,
    JobNotFound,
    ModelUnavailable,
    RenderError,
    SpotInterrupted,
)
from craftspark.errors.styles import TrainingStepError
from craftspark.errors.training import TrainingError
from craftspark.errors.worker import WorkerFault

Raised = tuple[type[CraftsparkError], ...]

RENDER_TASK: Final[Raised] = (RenderError, WorkerFault, InvalidInput, JobNotFound)
TRAINING_TASK: Final[Raised] = (TrainingError, SpotInterrupted, WorkerFault, InvalidInput, ModelUnavailable)
SETTLE_JOB: Final[Raised] = (Contended, JobChanged, JobNotFound)
TRAINING_STEPS: Final[Raised] = (TrainingStepError, Contended, EventRefused)
