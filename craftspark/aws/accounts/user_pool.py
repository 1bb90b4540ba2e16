"""Makers as the stage's user pool knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

MAX_USERS = 60  # Cognito's largest page; e-mail addresses and subjects are unique among those who can sign in


@dataclass(frozen=True, kw_only=True)
class PoolUser:
    """A user of the pool. `maker` is the subject of their tokens, `status` Cognito's word, such as CONFIRMED."""

    maker: str
    email: str | None
    status: str
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class UserPool:
    """The user pool, for reading."""

    client: CognitoIdentityProviderClient
    pool_id: str

    def find(self, attribute: Literal["email", "sub"], value: str) -> list[PoolUser]:
        """The users whose attribute is this value; e-mail addresses are compared without regard to case.

        What Cognito answers is compared again: a filter that is read in another way shows nobody else.
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
    """A value as a string of a ListUsers filter, which it cannot end."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
