"""What a maker is told of an image that was not delivered. The full detail stays in the execution and the logs."""

# Their words are written for makers: they tell of the request or of the picture.
TOLD_AS_THEY_ARE = frozenset({"ImageFlawed", "InvalidInput", "SourceMissing", "UnsafeContent"})

# The other names that makers meet, with what each means for them.
REASONS = {
    "ExecutionEnded": "the job was stopped before it was done; it was not charged, ask for it again",
    "GpuUnavailable": "no machine was free to render it in time; it was not charged, ask for it again later",
    "InternalError": "something went wrong on our side; it was not charged, ask for it again",
    "JobOverdue": "the job did not finish by its deadline; it was not charged, ask for it again later",
    "ModelUnavailable": "the model or style is not available now; it was not charged, ask again later",
    "RenderFailed": "it could not be rendered; it was not charged, ask for it again or change the request",
}
# Errors of Step Functions and of machines that have a name of their own for makers.
PUBLIC_NAMES = {
    "SpotInterrupted": "GpuUnavailable",
    "States.HeartbeatTimeout": "GpuUnavailable",
    "States.Timeout": "GpuUnavailable",
}
# Every name that `images[].error` of a job can have.
FAILURE_NAMES = tuple(sorted({*TOLD_AS_THEY_ARE, *REASONS}))


def failure_for_maker(error: str, detail: str) -> tuple[str, str]:
    """The name and the sentence that a maker is told for an error of this name, which said `detail` of itself."""
    if error in TOLD_AS_THEY_ARE and detail:
        return error, detail
    name = PUBLIC_NAMES.get(error, error)
    name = name if name in REASONS else "InternalError"
    return name, REASONS[name]
