"""Makers of the local cloud: users of its Cognito user pool who can sign in."""

import secrets
from contextlib import suppress
from typing import Any, Literal

import httpx

DEMO = "demo@craftspark.example"


def service_token(cognito: Any, endpoint: str, *, pool: str, app_client: str) -> str:
    """An access token of a server-side caller, by its client's credentials."""
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=app_client)["UserPoolClient"]
    answer = httpx.post(
        f"{endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": app_client},
        auth=(app_client, client["ClientSecret"]),
        trust_env=False,  # no proxy of the user's leads to this machine
    )
    return str(answer.raise_for_status().json()["access_token"])


def sign_in(
    cognito: Any, *, pool: str, app_client: str, email: str, kind: Literal["AccessToken", "IdToken"] = "AccessToken"
) -> str:
    """A token of the maker, who is made on the first sign-in and gets a new password with each."""
    password = f"Aa1!{secrets.token_urlsafe(24)}"
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
        )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app_client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"][kind])
