"""boto3 clients, created once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from craftspark.aws.transactions import retry_conflicts

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_comprehend import ComprehendClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3vectors import S3VectorsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# Every call has a time limit well below the limits of a Lambda function and of a worker's lease.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4})
# A long poll takes up to 20 s.
_LONG_POLL_CONFIG = _CONFIG.merge(Config(read_timeout=30))
# A new bucket is available immediately only at the host name of its region. The global host name responds with 307 for
# a while, and a signature or form for the global host name is not valid for the regional one.
_S3_CONFIG = _CONFIG.merge(
    Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
)

# Several files are downloaded at the same time, each in several ranges.
_S3_DOWNLOAD_CONFIG = _S3_CONFIG.merge(Config(max_pool_connections=32))

# A maker waits for the moderation of a prompt: at most two attempts of three seconds.
_JUDGE_CONFIG = _CONFIG.merge(
    Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
)
# A picture takes longer to send and to moderate: at most two attempts of six seconds.
_PICTURE_JUDGE_CONFIG = _JUDGE_CONFIG.merge(Config(read_timeout=5))
# An update is sent with a short timeout, because a client that misses it polls. Up to 16 connections are notified in
# parallel.
_PUSH_CONFIG = _CONFIG.merge(
    Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=16,
    )
)


@cache
def dynamodb() -> DynamoDBClient:
    return retry_conflicts(boto3.client("dynamodb", config=_CONFIG))


@cache
def sqs() -> SQSClient:
    return boto3.client("sqs", config=_LONG_POLL_CONFIG)


@cache
def s3() -> S3Client:
    return boto3.client("s3", config=_S3_CONFIG)


@cache
def s3vectors() -> S3VectorsClient:
    return boto3.client("s3vectors", config=_CONFIG)


@cache
def s3_downloads() -> S3Client:
    """The client for downloads of models."""
    return boto3.client("s3", config=_S3_DOWNLOAD_CONFIG)


@cache
def secretsmanager() -> SecretsManagerClient:
    return boto3.client("secretsmanager", config=_CONFIG)


@cache
def cognito() -> CognitoIdentityProviderClient:
    return boto3.client("cognito-idp", config=_CONFIG)


@cache
def comprehend() -> ComprehendClient:
    return boto3.client("comprehend", config=_JUDGE_CONFIG)


@cache
def guardrails() -> BedrockRuntimeClient:
    return boto3.client("bedrock-runtime", config=_JUDGE_CONFIG)


@cache
def picture_guardrails() -> BedrockRuntimeClient:
    return boto3.client("bedrock-runtime", config=_PICTURE_JUDGE_CONFIG)


@cache
def connections() -> ApiGatewayManagementApiClient:
    """boto3 reads the address of the WebSocket API from the environment variable for this service."""
    return boto3.client("apigatewaymanagementapi", config=_PUSH_CONFIG)


@cache
def stepfunctions() -> SFNClient:
    return boto3.client("stepfunctions", config=_CONFIG)


@cache
def ecs() -> ECSClient:
    return boto3.client("ecs", config=_CONFIG)


@cache
def eventbridge() -> EventBridgeClient:
    return boto3.client("events", config=_CONFIG)


@cache
def ssm() -> SSMClient:
    return boto3.client("ssm", config=_CONFIG)
