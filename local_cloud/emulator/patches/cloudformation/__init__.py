"""Patches of CloudFormation."""

from local_cloud.emulator.patches.cloudformation import (
    custom_resources,
    generated_secrets,
    public_parameters,
    types,
    user_pool_issuer,
)
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    types.PATCH,
    custom_resources.PATCH,
    generated_secrets.PATCH,
    public_parameters.PATCH,
    user_pool_issuer.PATCH,
)
