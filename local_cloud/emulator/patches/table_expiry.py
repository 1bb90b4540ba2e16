"""Tables made by a stack forget what has expired.

Gap: CloudFormation drops a table's TimeToLiveSpecification.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Target

TABLE = "AWS::DynamoDB::Table"
_handler = provisioners._RESOURCE_HANDLERS[TABLE]
_create = _handler["create"]
_update = _handler["update"]


def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
    made = _create(logical_id, properties, stack)
    _set_expiry(made[0], properties)
    return made


def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str) -> Any:
    made = _update(physical_id, old, new, stack, logical_id)
    _set_expiry(made[0], new)
    return made


def _set_expiry(table: str, properties: Mapping[str, Any]) -> None:
    if specification := properties.get("TimeToLiveSpecification"):
        enabled = str(specification.get("Enabled", False)).lower() == "true"
        expiry = {"AttributeName": specification["AttributeName"], "Enabled": enabled}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": expiry})


PATCH = Patch(
    name="table expiry",
    gap="a table's TimeToLiveSpecification is dropped",
    targets=(
        Target(provisioners, "_ddb_create", "277586e016c693bd24c48e035ce2462b"),
        Target(provisioners, "_ddb_update", "0665980ffdd064916e0e92c990a498d0"),
        Target(dynamodb, "_update_ttl", "e8243a4fbbb8997d50df7a01ceccf984"),
    ),
    apply=lambda: _handler.update(create=create, update=update),
)
