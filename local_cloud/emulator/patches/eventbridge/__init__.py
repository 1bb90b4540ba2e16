"""Patches of EventBridge."""

from local_cloud.emulator.patches.eventbridge import deliveries, entries
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (deliveries.PATCH, entries.PATCH)
