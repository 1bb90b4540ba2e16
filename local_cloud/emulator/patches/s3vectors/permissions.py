"""The permissions of S3 Vectors: actions, and policies of vector buckets.

Gap: the emulator cannot name the actions of the service, and has no policies of its buckets.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3vectors.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from local_cloud.emulator.patches.s3vectors.requests import SERVICE, VECTORS
from local_cloud.emulator.patching import Extension, Patch, Replacement
from local_cloud.emulator.permissions.request import request_body


def extend_policy(find: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    """Find the policy of a vector bucket, for the bucket and its indexes."""

    def find_policy(service: str, resource_arn: str) -> Any:
        if service != SERVICE:
            return find(service, resource_arn)
        policy = VECTORS.policy_of(resource_arn)
        return None if policy is None else (policy, resource_arn.split(":")[4])

    return find_policy


def extend_resource(find: Callable[..., str]) -> Callable[..., str]:
    """Find the index or the bucket that a request names."""

    def find_resource(service: str, *arguments: Any) -> str:
        return VECTORS.resource_of(request_body()) if service == SERVICE else find(service, *arguments)

    return find_resource


PATCH = Patch(
    name="S3 Vectors permissions",
    gap="requests for vectors are checked by no policy",
    targets=(
        Replacement(iam_actions.SERVICE_TO_IAM_NAMESPACE, SERVICE, None, SERVICE),
        Replacement(iam_actions._BOTOCORE_SERVICE_MAP, SERVICE, None, [SERVICE]),
        Extension(iam_actions, "extract_resource_arn", "82f51700695c62fdca72583e1c264cc1", extend_resource),
        Extension(iam_evaluator, "_resource_policy", "dec265f9a903069539ef818b35e447c4", extend_policy),
    ),
)
