"""Patches of DynamoDB."""

from local_cloud.emulator.patches.dynamodb import expiry, transaction_conflicts
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (expiry.PATCH, transaction_conflicts.PATCH)
