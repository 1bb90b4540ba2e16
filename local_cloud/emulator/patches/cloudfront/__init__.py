"""Patches of CloudFront."""

from local_cloud.emulator.patches.cloudfront import addresses, allowed_methods, api_origins, path_patterns
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    addresses.PATCH,
    allowed_methods.PATCH,
    api_origins.PATCH,
    path_patterns.PATCH,
)
