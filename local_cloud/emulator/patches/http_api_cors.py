"""HTTP APIs made by a stack answer browsers' preflight requests.

Gap: CloudFormation stores the CORS settings under names that the data plane does not read, so it answers 403.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Target

CORS = "CorsConfiguration"
_handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
_create = _handler["create"]
_update = _handler["update"]


def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
    return _create(logical_id, _renamed(properties), stack)


def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str) -> Any:
    return _update(physical_id, _renamed(old), _renamed(new), stack, logical_id)


def _renamed(properties: Mapping[str, Any]) -> dict[str, Any]:
    if CORS not in properties:
        return dict(properties)
    return {**properties, CORS: {name[0].lower() + name[1:]: value for name, value in properties[CORS].items()}}


PATCH = Patch(
    name="HTTP API CORS",
    gap="preflight requests are refused whatever the template allows",
    targets=(
        Target(provisioners, "_apigw_v2_api_create", "0002e18b419844346cb0e2ec253f6229"),
        Target(provisioners, "_apigw_v2_api_update", "d12d60c12ed7d9aa4399d500d041ece3"),
        Target(apigateway, "_cors_preflight_response", "48dec7964484f35a7ff725b8ec2456cb"),
    ),
    apply=lambda: _handler.update(create=create, update=update),
)
