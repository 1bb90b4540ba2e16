"""Resource types that the emulator's CloudFormation does not support.

Gap: one unknown type fails the whole stack. This patch creates real capacity providers, because ECS tasks name them.
The other types become placeholders that only have an ID. A service's desired count becomes a number: with a dynamic
reference it is a text, and the emulator compares it with numbers.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement, Target

Properties = Mapping[str, Any]
Resource = tuple[str, dict[str, str]]  # physical ID and attributes


def placeholder(prefix: str, attributes: Callable[[str], dict[str, str]] = lambda _: {}) -> dict[str, Any]:
    """The handlers of a resource type that has only an ID, and the attributes that templates refer to."""

    def create(logical_id: str, properties: Properties, stack: str) -> Resource:
        physical_id = f"{prefix}-{uuid.uuid4().hex[:17]}"
        return physical_id, attributes(physical_id)

    def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Resource:
        return physical_id, attributes(physical_id)

    return {"create": create, "update": update, "delete": lambda physical_id, properties: None}


def create_capacity_provider(logical_id: str, properties: Properties, stack: str) -> Resource:
    name = properties.get("Name") or f"{stack}-{logical_id}-{uuid.uuid4().hex[:8]}"
    group = _to_camel_case(properties.get("AutoScalingGroupProvider", {}))
    _call(ecs._create_capacity_provider, name=name, autoScalingGroupProvider=group)
    return name, {}


def update_capacity_provider(name: str, old: Properties, new: Properties, stack: str) -> Resource:
    group = _to_camel_case(new["AutoScalingGroupProvider"])
    _call(ecs._update_capacity_provider, name=name, autoScalingGroupProvider=group)
    return name, {}


def delete_capacity_provider(name: str, properties: Properties) -> None:
    _call(ecs._delete_capacity_provider, capacityProvider=name)


def put_associations(logical_id: str, properties: Properties, stack: str) -> Resource:
    _call(
        ecs._put_cluster_capacity_providers,
        cluster=properties["Cluster"],
        capacityProviders=properties.get("CapacityProviders", []),
        defaultCapacityProviderStrategy=_to_camel_case(properties.get("DefaultCapacityProviderStrategy", [])),
    )
    return str(properties["Cluster"]), {}


def update_associations(physical_id: str, old: Properties, new: Properties, stack: str) -> Resource:
    return put_associations("", new, stack)


def create_service(logical_id: str, properties: Properties, stack: str) -> Resource:
    created: Resource = provisioners._ecs_service_create(logical_id, _with_count(properties), stack)
    return created


def update_service(physical_id: str, old: Properties, new: Properties, stack: str) -> Resource:
    updated: Resource = provisioners._ecs_service_update(physical_id, _with_count(old), _with_count(new), stack)
    return updated


def _with_count(properties: Properties) -> Properties:
    """CloudFormation converts the text of a dynamic reference to the type of the property."""
    count = {"DesiredCount": int(properties["DesiredCount"])} if "DesiredCount" in properties else {}
    return {**properties, **count}


TYPES = {
    "AWS::ECS::CapacityProvider": {
        "create": create_capacity_provider,
        "update": update_capacity_provider,
        "delete": delete_capacity_provider,
    },
    "AWS::ECS::ClusterCapacityProviderAssociations": {
        "create": put_associations,
        "update": update_associations,
        "delete": lambda physical_id, properties: None,
    },
    "AWS::EC2::EIP": placeholder("eipalloc", lambda id_: {"AllocationId": id_, "PublicIp": "203.0.113.10"}),
    "AWS::EC2::FlowLog": placeholder("fl"),
    "AWS::XRay::SamplingRule": placeholder("rule"),
    "AWS::EC2::NatGateway": placeholder("nat", lambda id_: {"NatGatewayId": id_}),
}


def _call(action: Callable[[dict[str, Any]], tuple[int, Any, bytes]], **request: Any) -> None:
    status, _, body = action(request)
    if status >= 400:
        raise ValueError(json.loads(body).get("message", body))


def _to_camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_camel_case(item) for item in value]
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: _to_camel_case(item) for key, item in value.items()}
    return value


_SERVICES = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]

PATCH = Patch(
    name="CloudFormation types",
    gap="stacks with these types fail: " + ", ".join(TYPES),
    targets=(
        *(Replacement(provisioners._RESOURCE_HANDLERS, name, None, handlers) for name, handlers in TYPES.items()),
        Replacement(_SERVICES, "create", "75dfd177d75c88d72290676ff6bcf8c4", create_service),
        Replacement(_SERVICES, "update", "f77a6d52cf172780e3c8f4fe8d764fb7", update_service),
        Target(provisioners, "_provision_resource", "3b8f01fb187141b6e85be8e34409f906"),
        Target(ecs, "_create_capacity_provider", "8a49109fa2baea916e85e1ca2cd82cf0"),
        Target(ecs, "_update_capacity_provider", "79448956e073f5118cd641b46cca1896"),
        Target(ecs, "_put_cluster_capacity_providers", "97a4fead4e366d8ef75c41494c988fb0"),
    ),
)
