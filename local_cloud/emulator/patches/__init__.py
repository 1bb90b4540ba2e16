"""Patches for features that our templates need: one file for each gap, with fingerprints and a contract test."""

from local_cloud.emulator.patches import (
    api_gateway,
    cloudformation,
    cloudfront,
    cloudwatch,
    dynamodb,
    ecs,
    eventbridge,
    iam,
    lambda_functions,
    quota_counts,
    request_faults,
    s3,
    s3vectors,
    service_names,
    sqs,
    step_functions,
)
from local_cloud.emulator.patching import Patch
from local_cloud.emulator.tasks.processes import TaskProcesses


def all_patches(processes: TaskProcesses) -> tuple[Patch, ...]:
    """All patches, in the order in which they are applied: those of permissions extend what others have replaced."""
    return (
        *cloudformation.PATCHES,
        *cloudfront.PATCHES,
        *api_gateway.PATCHES,
        *s3.PATCHES,
        *s3vectors.PATCHES,
        *dynamodb.PATCHES,
        *lambda_functions.PATCHES,
        *sqs.PATCHES,
        *eventbridge.PATCHES,
        *cloudwatch.PATCHES,
        *step_functions.PATCHES,
        *ecs.patches(processes),
        service_names.PATCH,
        quota_counts.PATCH,
        *iam.PATCHES,
        request_faults.PATCH,
    )
