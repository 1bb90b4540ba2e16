"""The condition keys of policies: values that the emulator does not know, and a refusal of keys that nobody computes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import dynamodb

from local_cloud.emulator.permissions.request import request_body
from local_cloud.emulator.permissions.resources import cluster_arn

# What the emulator computes itself, for each request or for those that have it.
KNOWN = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:userid",
        "aws:username",
        "dynamodb:attributes",
        "dynamodb:enclosingoperation",
        "dynamodb:select",
        "iam:passedtoservice",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:resourceaccount",
    }
)
KNOWN_PREFIXES = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "s3:existingobjecttag/", "s3:x-amz-")
TLS_VERSION = "1.3"


class ConditionUnsupported(ValueError):
    """A policy has an operator or a key that is not evaluated here, so the policy decides nothing."""


def check_condition(operator: str, key: str) -> None:
    """Raises ConditionUnsupported for an operator or a key that nobody evaluates."""
    name = operator.lower().removesuffix("ifexists")
    name = name.removeprefix("forallvalues:").removeprefix("foranyvalue:")
    if name != "null" and name not in iam_evaluator._CONDITION_OPS:
        raise ConditionUnsupported(f"the condition operator {operator} is not evaluated in the local cloud")
    lower = key.lower()
    if lower not in KNOWN and lower not in COMPUTED and not lower.startswith(KNOWN_PREFIXES):
        raise ConditionUnsupported(f"the condition key {key} is not evaluated in the local cloud")


def leading_keys(resource_arn: str, body: Mapping[str, Any]) -> list[str] | None:
    """The partition keys that a DynamoDB request names in a table. None if it names none, as a scan."""
    name = resource_arn.partition(":table/")[2].partition("/")[0]
    table = dynamodb._tables.get(name)
    keys = [_find_key(part, table) for part in _parts_on(name, body)] if table else []
    found = [key for key in keys if key is not None]
    return found or None


def _parts_on(table: str, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each part of a request that concerns the table: the request itself, its keys, or members of a transaction."""
    if _is_table(body.get("TableName"), table):
        yield body
    for name, wanted in (body.get("RequestItems") or {}).items():
        if _is_table(name, table):
            reads = wanted.get("Keys", []) if isinstance(wanted, dict) else []
            writes = wanted if isinstance(wanted, list) else []
            yield from ({"Key": key} for key in reads)
            yield from (part for write in writes for part in write.values())
    for item in body.get("TransactItems") or []:
        yield from (part for part in item.values() if _is_table(part.get("TableName"), table))


def _is_table(reference: Any, table: str) -> bool:
    return isinstance(reference, str) and reference.rpartition("/")[2] == table


def _find_key(part: Mapping[str, Any], table: Mapping[str, Any]) -> str | None:
    index = next(
        (each for each in table.get("GlobalSecondaryIndexes") or [] if each["IndexName"] == part.get("IndexName")),
        table,
    )
    name = next(each["AttributeName"] for each in index["KeySchema"] if each["KeyType"] == "HASH")
    item = part.get("Key") or part.get("Item")
    if isinstance(item, Mapping) and name in item:
        return str(next(iter(item[name].values())))
    return _find_queried(part, name)


def _find_queried(part: Mapping[str, Any], name: str) -> str | None:
    """The partition key of a query: the value after `=`, because a query names one."""
    expression = str(part.get("KeyConditionExpression", ""))
    names: Mapping[str, str] = part.get("ExpressionAttributeNames") or {}
    words = expression.replace("(", " ").replace(")", " ").replace("=", " = ").split()
    for left, operator, right in zip(words, words[1:], words[2:], strict=False):
        if operator == "=" and names.get(left, left) == name:
            value = (part.get("ExpressionAttributeValues") or {}).get(right)
            return str(next(iter(value.values()))) if value else None
    return None


COMPUTED: Mapping[str, Callable[[Any], Any]] = {
    "dynamodb:leadingkeys": lambda context: leading_keys(context.resource_arn, request_body()),
    "ecs:cluster": lambda context: cluster_arn(request_body()),
    "kms:viaservice": lambda context: None,  # no other service calls KMS here
    "s3:tlsversion": lambda context: TLS_VERSION,
}


def resolve(key: str, context: Any, resolve_known: Callable[[str, Any], Any]) -> Any:
    """The value of a condition key in the context of a request. None if the request has none."""
    lower = key.lower()
    if lower in COMPUTED and lower not in context.service_context:
        return COMPUTED[lower](context)
    return resolve_known(key, context)
