"""What a maker is told of an image that was not delivered. The full detail stays in the execution and the logs."""

# Their words are written for makers: they tell of the request or of the picture.
TOLD_AS_THEY_ARE = frozenset({"ImageFlawed", "InvalidInput", "SourceMissing", "UnsafeContent"})

NO_MACHINE = "no machine was free to render it in time; it was not charged, ask for it again later"
REASONS = {
    "ExecutionEnded": "the job was stopped before it was done; it was not charged, ask for it again",
    "JobOverdue": "the job did not finish by its deadline; it was not charged, ask for it again later",
    "ModelUnavailable": "the model or style is not available now; it was not charged, ask again later",
    "RenderFailed": "it could not be rendered; it was not charged, ask for it again or change the request",
    "SpotInterrupted": NO_MACHINE,
    "States.HeartbeatTimeout": NO_MACHINE,
    "States.Timeout": NO_MACHINE,
}
ANYTHING_ELSE = "something went wrong on our side; it was not charged, ask for it again"


def reason_for_maker(error: str, detail: str) -> str:
    """The sentence for an error of this name, which said `detail` of itself."""
    return detail if error in TOLD_AS_THEY_ARE and detail else REASONS.get(error, ANYTHING_ELSE)
