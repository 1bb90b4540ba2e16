"""Patches of SQS."""

from local_cloud.emulator.patches.sqs import message_moves
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (message_moves.PATCH,)
