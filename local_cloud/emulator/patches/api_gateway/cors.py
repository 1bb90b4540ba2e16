"""HTTP APIs of a stack support the preflight requests of browsers.

Gap: CloudFormation stores the CORS settings under names that the data plane does not read, so the response is 403.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement, Target

CORS = "CorsConfiguration"
_handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
_create = _handlers["create"]
_update = _handlers["update"]


def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
    return _create(logical_id, _rename_settings(properties), stack)


def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str) -> Any:
    return _update(physical_id, _rename_settings(old), _rename_settings(new), stack, logical_id)


def _rename_settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties with the names of their CORS settings in camel case."""
    if CORS not in properties:
        return dict(properties)
    return {**properties, CORS: {name[0].lower() + name[1:]: value for name, value in properties[CORS].items()}}


PATCH = Patch(
    name="HTTP API CORS",
    gap="preflight requests are rejected, also if the template allows them",
    targets=(
        Replacement(_handlers, "create", "0002e18b419844346cb0e2ec253f6229", create),
        Replacement(_handlers, "update", "d12d60c12ed7d9aa4399d500d041ece3", update),
        Target(apigateway, "_cors_preflight_response", "48dec7964484f35a7ff725b8ec2456cb"),
    ),
)
