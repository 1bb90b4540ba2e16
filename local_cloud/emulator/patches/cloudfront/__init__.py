"""Patches of CloudFront."""

from local_cloud.emulator.patches.cloudfront import addresses, api_origins, path_patterns
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    addresses.PATCH,
    api_origins.PATCH,
    path_patterns.PATCH,
)
