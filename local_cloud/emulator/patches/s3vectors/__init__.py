"""Patches for S3 Vectors."""

from local_cloud.emulator.patches.s3vectors import permissions, requests, types
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (requests.PATCH, permissions.PATCH, types.PATCH)
