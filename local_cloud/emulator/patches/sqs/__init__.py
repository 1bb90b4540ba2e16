"""Patches of SQS. Those that come later extend the earlier ones, and the lock is around all of them."""

from local_cloud.emulator.patches.sqs import (
    deliveries,
    fair_queues,
    limits,
    locks,
    message_moves,
    queue_metrics,
    receipts,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    queue_metrics.PATCH,
    message_moves.PATCH,
    receipts.PATCH,
    fair_queues.PATCH,
    deliveries.PATCH,
    limits.PATCH,
    locks.PATCH,
)
