"""The address of a distribution in a template, and the addresses of AWS in a content security policy, are local.

Gap: `https://d111111abcdef8.cloudfront.net` leads to the real AWS. With this patch, it is the address at which browsers
find the stage's distribution (`local_cloud/emulator/serving/site.py`): in settings, outputs and the callbacks of a
sign-in. A content security policy names the emulator where the template names services of AWS, so that a browser may
use them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import engine, provisioners, stacks

from local_cloud.emulator.addresses import localize_all, localize_site
from local_cloud.emulator.patching import Extension, Patch, Replacement

RESOLVE = "e8c53253cae619fccd1292460699634c"
_policies = provisioners._RESOURCE_HANDLERS["AWS::CloudFront::ResponseHeadersPolicy"]
_create, _update = _policies["create"], _policies["update"]


def extend_resolve(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_and_localize(*arguments: Any) -> Any:
        resolved = resolve(*arguments)
        return localize_site(resolved) if isinstance(resolved, str) else resolved

    return resolve_and_localize


def create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
    return _create(logical_id, localize_all(properties), stack)


def update(physical_id: str, old: Any, new: Mapping[str, Any], stack: str, logical_id: str | None = None) -> Any:
    return _update(physical_id, old, localize_all(new), stack, logical_id)


PATCH = Patch(
    name="CloudFront addresses",
    gap="the address of a distribution leads to the real AWS",
    targets=(
        Extension(engine, "_resolve_refs", RESOLVE, extend_resolve),
        Extension(stacks, "_resolve_refs", RESOLVE, extend_resolve),
        Replacement(_policies, "create", "5712e07289114bf0b60f03c9cf1266e8", create),
        Replacement(_policies, "update", "d15505763267285cdd68a90e1b815b27", update),
    ),
)
