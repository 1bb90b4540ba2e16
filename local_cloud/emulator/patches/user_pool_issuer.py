"""A user pool tells its issuer's address.

Gap: Fn::GetAtt ProviderURL of a user pool, which an HTTP API's JWT authorizer is given as issuer, fails the stack.
"""

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Target

_attributes = provisioners._cognito_user_pool_attributes


def attributes(pool: str) -> dict[str, str]:
    known: dict[str, str] = _attributes(pool)
    return known | {"ProviderURL": f"https://{known['ProviderName']}"}


def apply() -> None:
    provisioners._cognito_user_pool_attributes = attributes


PATCH = Patch(
    name="user pool issuer",
    gap="a user pool has no ProviderURL",
    targets=(
        Target(provisioners, "_cognito_user_pool_attributes", "5786603b829a49afa17b712194964826"),
        Target(provisioners, "_cognito_user_pool_create", "10c96aa5ca60a21390c45ca3a4f2daba"),
    ),
    apply=apply,
)
