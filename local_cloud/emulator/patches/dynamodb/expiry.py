"""Tables of a stack delete expired items.

Gap: CloudFormation ignores the TimeToLiveSpecification of a table.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement, Target

_handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
_create = _handlers["create"]
_update = _handlers["update"]


def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
    resource = _create(logical_id, properties, stack)
    _set_expiry(resource[0], properties)
    return resource


def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str) -> Any:
    resource = _update(physical_id, old, new, stack, logical_id)
    _set_expiry(resource[0], new)
    return resource


def _set_expiry(table: str, properties: Mapping[str, Any]) -> None:
    if specification := properties.get("TimeToLiveSpecification"):
        enabled = str(specification.get("Enabled", False)).lower() == "true"
        expiry = {"AttributeName": specification["AttributeName"], "Enabled": enabled}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": expiry})


PATCH = Patch(
    name="table expiry",
    gap="the TimeToLiveSpecification of a table is ignored",
    targets=(
        Replacement(_handlers, "create", "277586e016c693bd24c48e035ce2462b", create),
        Replacement(_handlers, "update", "0665980ffdd064916e0e92c990a498d0", update),
        Target(dynamodb, "_update_ttl", "e8243a4fbbb8997d50df7a01ceccf984"),
    ),
)
