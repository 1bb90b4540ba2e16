"""Sign in makers and server-side callers of the local cloud through its Cognito user pool."""

from contextlib import suppress
from typing import Any, Literal

import httpx

DEMO_MAKER = "demo@craftspark.example"
SECOND_MAKER = "second@craftspark.example"
ADMINISTRATOR = "administrator@craftspark.example"
ADMINISTRATORS = "administrators"  # the group of the user pool
# Of every maker, so that a person can sign in to Studio as a maker whose token a script has.
PASSWORD = "Local-cloud-1"  # noqa: S105 - opens only the emulator, which listens only on loopback


def service_token(cognito: Any, endpoint: str, *, pool: str, app_client: str) -> str:
    """An access token of a server-side caller, from its client credentials."""
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=app_client)["UserPoolClient"]
    response = httpx.post(
        f"{endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": app_client},
        auth=(app_client, client["ClientSecret"]),
        timeout=60,
        trust_env=False,  # the user's proxy cannot reach this machine
    )
    return str(response.raise_for_status().json()["access_token"])


def create_people(cognito: Any, *, pool: str) -> tuple[str, ...]:
    """Create who can sign in to Studio: two makers and an administrator. Returns their email addresses."""
    people = (DEMO_MAKER, SECOND_MAKER, ADMINISTRATOR)
    for email in people:
        create_maker(cognito, pool=pool, email=email)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=ADMINISTRATOR, GroupName=ADMINISTRATORS)
    return people


def create_maker(cognito: Any, *, pool: str, email: str) -> None:
    """Create a maker with PASSWORD, if there is none with this address."""
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)


def sign_in(
    cognito: Any, *, pool: str, app_client: str, email: str, kind: Literal["AccessToken", "IdToken"] = "AccessToken"
) -> str:
    """A token of the maker. The first sign-in creates the maker."""
    create_maker(cognito, pool=pool, email=email)
    response = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app_client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    return str(response["AuthenticationResult"][kind])
