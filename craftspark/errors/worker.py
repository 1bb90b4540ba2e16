"""Errors of a worker and its machine: the batch is not at fault."""

from craftspark.errors import FAMILY, CraftsparkError, Retry


class WorkerFault(CraftsparkError, retry=FAMILY):
    """The worker or its machine is at fault, not the batch."""


class WorkerBroken(WorkerFault, retry=Retry.ELSEWHERE):
    """The worker could not start, or its container failed. A worker on another machine may succeed."""


class WorkerLost(WorkerFault, retry=Retry.AT_ONCE):
    """The worker or its machine ended without an answer. Another worker can render the rest immediately."""


class DeviceLost(WorkerFault, retry=Retry.ELSEWHERE):
    """This process cannot use the GPU any more. It is unknown which order caused that."""


class AwsUnreachable(WorkerFault, retry=Retry.ELSEWHERE):
    """AWS rejected a call for longer than a worker retries it."""
