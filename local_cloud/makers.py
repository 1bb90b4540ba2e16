"""Makers of the local cloud: users of its Cognito user pool who can sign in."""

import secrets
from contextlib import suppress
from typing import Any

DEMO = "demo@craftspark.example"


def sign_in(cognito: Any, *, pool: str, app_client: str, email: str) -> str:
    """An access token of the maker, who is made on the first sign-in and gets a new password with each."""
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
    return str(answer["AuthenticationResult"]["AccessToken"])
