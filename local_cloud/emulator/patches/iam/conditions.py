"""Condition keys of DynamoDB, ECS and S3, and a refusal of conditions that nobody evaluates.

Gap: the emulator does not know `dynamodb:LeadingKeys`, `ecs:cluster` and `s3:TlsVersion`, and a condition on a key or
with an operator that it does not know decides as if the request lacked the key. With this patch, the keys have their
values, and a policy with another unknown key or operator fails (`local_cloud/emulator/permissions/conditions.py`).
"""

from typing import Any

from ministack.core import iam_evaluator

from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.permissions import conditions

_resolve_condition_key = iam_evaluator._resolve_condition_key


def resolve_condition_key(key: str, context: Any) -> Any:
    return conditions.resolve(key, context, _resolve_condition_key)


PATCH = Patch(
    name="IAM conditions",
    gap="conditions on some keys of DynamoDB, ECS and S3 decide as if the request lacked the key",
    targets=(
        Replacement(iam_evaluator, "_resolve_condition_key", "15e26964cd38f32c421942a5542a689c", resolve_condition_key),
        Target(iam_evaluator, "_conditions_met", "15b4c24a03e3ff173cb97d5adec29f21"),
        Target(iam_evaluator, "_evaluate_single_condition", "42b8a823692c400930afe9b19812abe0"),
    ),
)
