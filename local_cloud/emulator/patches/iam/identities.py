"""No access key is above the policies.

Gap: the emulator treats several access keys as those of the account's root user, whom no policy limits: `test`, each
account ID and the key in its own environment. With this patch, a key that IAM or STS did not issue is refused.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from ministack.core import iam_evaluator

from local_cloud.emulator.patching import Patch, Replacement, Target


def is_root_access_key(access_key_id: str) -> bool:
    """Whether there is no key. The emulator then asks the bucket's or the API's own policy."""
    return not access_key_id


PATCH = Patch(
    name="IAM identities",
    gap="the keys 'test' and those of account IDs may do everything",
    targets=(
        Replacement(iam_evaluator, "is_root_access_key", "e6ae3b63335593c0d7f112cdb3b505fe", is_root_access_key),
        Target(iam_evaluator, "_is_root_key", "6d4c5eed6ad65f6a59d132f6ab605715"),
        Target(iam_evaluator, "resolve_credential", "32276bd395ef6a6a8f10e4a3894040d9"),
        Target(iam_evaluator, "resolve_principal", "b6c6131e24bf22f0cfc7e06ec000c6e9"),
        Target(iam_evaluator, "enforce", "cf64b1ee5b099c8f705e919a43bd7b35"),
    ),
)
