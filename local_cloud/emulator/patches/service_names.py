"""Services that the emulator does not have are recognized by their names.

Gap: at the first request that is signed for a service that it does not have, such as S3 Vectors, the emulator reads the
models of all 400 services of the SDK. That takes 3 s of processor time, during which no other request is served. With
this patch, it reads them only for a name that is not the name of a service: some services sign with another one.
"""

from functools import cache

from botocore.loaders import Loader
from ministack.core import router

from local_cloud.emulator.patching import Patch, Replacement

_is_aws_service_name = router._is_aws_service_name


def is_service_name(name: str) -> bool:
    """Whether a signature may name this service of AWS."""
    return name in list_services() or bool(_is_aws_service_name(name))


@cache
def list_services() -> frozenset[str]:
    """The names of the services that the SDK has, without their models."""
    return frozenset(Loader().list_available_services(type_name="service-2"))


PATCH = Patch(
    name="service names",
    gap="the first request of a service that it does not have takes seconds",
    targets=(Replacement(router, "_is_aws_service_name", "12b437d0256187cf12ab1f0be7c01d25", is_service_name),),
)
