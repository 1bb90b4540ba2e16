"""A user pool has the attribute ProviderURL, the issuer of its tokens.

Gap: a template that reads the attribute for the JWT authorizer of an HTTP API fails.
"""

from ministack.services.cloudformation import provisioners

from local_cloud.emulator.patching import Patch, Replacement, Target

_attributes = provisioners._cognito_user_pool_attributes


def attributes(pool: str) -> dict[str, str]:
    existing: dict[str, str] = _attributes(pool)
    return existing | {"ProviderURL": f"https://{existing['ProviderName']}"}


PATCH = Patch(
    name="user pool issuer",
    gap="a user pool has no ProviderURL",
    targets=(
        Replacement(provisioners, "_cognito_user_pool_attributes", "5786603b829a49afa17b712194964826", attributes),
        Target(provisioners, "_cognito_user_pool_create", "10c96aa5ca60a21390c45ca3a4f2daba"),
    ),
)
