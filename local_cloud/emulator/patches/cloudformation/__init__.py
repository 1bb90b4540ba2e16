"""Patches of CloudFormation."""

from local_cloud.emulator.patches.cloudformation import bucket_deployments, public_parameters, types, user_pool_issuer
from local_cloud.emulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    types.PATCH,
    bucket_deployments.PATCH,
    public_parameters.PATCH,
    user_pool_issuer.PATCH,
)
