"""Public reasons for images that were not delivered. The full detail stays in the execution and the logs."""

# The details of these errors are written for makers: they are about the request or the image.
PUBLIC_AS_IS = frozenset({"ImageFlawed", "InvalidInput", "SourceMissing", "UnsafeContent"})

# The other public names, with a reason for each.
REASONS = {
    "ExecutionEnded": "the job was stopped before it was complete; the image was not charged, send the request again",
    "GpuUnavailable": "no GPU was available in time; the image was not charged, send the request again later",
    "InternalError": "an internal error occurred; the image was not charged, send the request again",
    "JobOverdue": "the job did not end by its deadline; the image was not charged, send the request again later",
    "ModelUnavailable": "the model or style is not available; the image was not charged, send the request again later",
    "RenderFailed": "the image could not be rendered; it was not charged, change the request or send it again",
}
# Errors of Step Functions and of machines, by the public name that replaces them.
PUBLIC_NAMES = {
    "SpotInterrupted": "GpuUnavailable",
    "States.HeartbeatTimeout": "GpuUnavailable",
    "States.Timeout": "GpuUnavailable",
}
# All values of `images[].error` of a job.
FAILURE_NAMES = tuple(sorted({*PUBLIC_AS_IS, *REASONS}))


def failure_for_maker(error: str, detail: str) -> tuple[str, str]:
    """The public name and reason of an error with this name and detail."""
    if error in PUBLIC_AS_IS and detail:
        return error, detail
    name = PUBLIC_NAMES.get(error, error)
    name = name if name in REASONS else "InternalError"
    return name, REASONS[name]
