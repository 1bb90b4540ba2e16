"""Patches of DynamoDB."""

from local_cloud.emulator.patches.dynamodb import batches, expiry, stale_reads, throughput, transaction_conflicts
from local_cloud.emulator.patching import Patch

# A single write that is throttled does not get as far as a conflict, so that patch extends the other one.
PATCHES: tuple[Patch, ...] = (
    expiry.PATCH,
    stale_reads.PATCH,
    transaction_conflicts.PATCH,
    throughput.PATCH,
    batches.PATCH,
)
