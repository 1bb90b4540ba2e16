"""The key of content credentials, a secret in Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from craftspark.errors import SigningKeyUnusable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def read_signing_key(client: SecretsManagerClient, name: str) -> str:
    """The secret's text; raises SigningKeyUnusable where there is none or this role may not read it."""
    try:
        return client.get_secret_value(SecretId=name)["SecretString"]
    except (ClientError, KeyError) as error:
        raise SigningKeyUnusable(f"the secret {name} cannot be read: {error}") from None
