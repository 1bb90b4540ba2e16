"""Sign in makers and server-side callers of the local cloud through its Cognito user pool."""

import secrets
from contextlib import suppress
from typing import Any, Literal

import httpx

DEMO_MAKER = "demo@craftspark.example"


def service_token(cognito: Any, endpoint: str, *, pool: str, app_client: str) -> str:
    """An access token of a server-side caller, from its client credentials."""
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=app_client)["UserPoolClient"]
    response = httpx.post(
        f"{endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": app_client},
        auth=(app_client, client["ClientSecret"]),
        trust_env=False,  # the user's proxy cannot reach this machine
    )
    return str(response.raise_for_status().json()["access_token"])


def sign_in(
    cognito: Any, *, pool: str, app_client: str, email: str, kind: Literal["AccessToken", "IdToken"] = "AccessToken"
) -> str:
    """A token of the maker. The first sign-in creates the maker, and each sign-in sets a new password."""
    password = f"Aa1!{secrets.token_urlsafe(24)}"
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    response = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app_client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return str(response["AuthenticationResult"][kind])
