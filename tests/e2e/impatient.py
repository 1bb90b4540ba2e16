"""Clients that report the first refusal, whereas others send most refused requests again."""

from typing import Any

import boto3
from botocore.config import Config

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCESS_KEY, REGION, SECRET_KEY


def impatient(aws: Clients, service: str, region: str = REGION) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 1}),
    )
