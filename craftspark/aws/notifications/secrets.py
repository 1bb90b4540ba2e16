"""Secrets in Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.errors import ModelUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def read_secret(client: SecretsManagerClient, name: str) -> str:
    """The text of the secret. Raises ModelUnavailable if it does not exist or this role may not read it."""
    try:
        return client.get_secret_value(SecretId=name)["SecretString"]
    except (ClientError, KeyError) as error:
        raise ModelUnavailable(f"the secret {name} cannot be read: {error}") from None
