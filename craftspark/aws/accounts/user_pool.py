"""Makers in the stage's Cognito user pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

MAX_USERS = 60  # Cognito's page limit. Email addresses and subjects are unique among users who can sign in.


@dataclass(frozen=True, kw_only=True)
class PoolUser:
    """A user of the pool. `maker` is the subject of the user's tokens. `status` is Cognito's, such as CONFIRMED."""

    maker: str
    email: str | None
    status: str
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class UserPool:
    """The user pool, read only."""

    client: CognitoIdentityProviderClient
    pool_id: str

    def find(self, attribute: Literal["email", "sub"], value: str) -> list[PoolUser]:
        """The users with this value of the attribute. Email addresses are compared without regard to case.

        The result of Cognito's filter is compared again, so a filter that matches too much does not show other users.
        """
        pages = self.client.get_paginator("list_users").paginate(
            UserPoolId=self.pool_id,
            Filter=f"{attribute} = {quote(value)}",
            PaginationConfig={"MaxItems": MAX_USERS},
        )
        found = []
        for user in (user for page in pages for user in page["Users"]):
            attributes = {each["Name"]: each.get("Value", "") for each in user["Attributes"]}
            if attributes.get(attribute, "").casefold() == value.casefold():
                found.append(
                    PoolUser(
                        maker=attributes["sub"],
                        email=attributes.get("email"),
                        status=user["UserStatus"],
                        enabled=user["Enabled"],
                    )
                )
        return found


def quote(value: str) -> str:
    """A value as a string literal of a ListUsers filter, with quotes escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
