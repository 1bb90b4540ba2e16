"""Patches of S3."""

from local_cloud.emulator.patches.s3 import signature_version
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (signature_version.PATCH,)
