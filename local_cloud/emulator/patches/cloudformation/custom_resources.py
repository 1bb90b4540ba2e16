"""A custom resource gets local addresses, as the environment of a function does.

Gap: its properties have addresses of the real AWS, and its function writes them where a browser reads them.
"""

from typing import Any

from ministack.services.cloudformation import custom_resource

from local_cloud.emulator.addresses import localize_all
from local_cloud.emulator.patching import Extension, Patch


def extend_normalise(normalise: Any) -> Any:
    return lambda value: localize_all(normalise(value))


NORMALISE = "_normalise_resource_properties"

PATCH = Patch(
    name="custom resources",
    gap="a custom resource gets addresses of the real AWS",
    targets=(
        Extension(
            custom_resource, "_normalise_resource_properties", "c04a0de92bca358e2d8d68b1e3b9b939", extend_normalise
        ),
    ),
)
