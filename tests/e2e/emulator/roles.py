"""Roles for the emulator."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION


def role(aws: Clients, service: str, *statements: Mapping[str, Any]) -> str:
    """The ARN of a new role with these statements, for an AWS service such as `lambda`, and for `client_as`."""
    principals = {"Service": f"{service}.amazonaws.com", "AWS": ACCOUNT}
    trust = {"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}
    name = f"role-{uuid.uuid4().hex[:8]}"
    created = aws["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    if statements:
        aws["iam"].put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy(*statements))
    return str(created["Role"]["Arn"])


def allow(resource: str, *actions: str, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A statement that allows the actions on the resource."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": dict(condition)} if condition else {})


def policy(*statements: Mapping[str, Any]) -> str:
    """The text of a policy with these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def let_events_send(aws: Clients, queue_url: str, rule_arn: str) -> str:
    """Give a queue a policy by which a rule sends to it. Returns the ARN of the queue."""
    name = "QueueArn"
    arn = str(aws["sqs"].get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])["Attributes"][name])
    statement = allow(arn, "sqs:SendMessage", condition={"ArnEquals": {"aws:SourceArn": rule_arn}})
    statement["Principal"] = {"Service": "events.amazonaws.com"}
    aws["sqs"].set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy(statement)})
    return arn


def client_as(aws: Clients, role_arn: str, service: str, *, attempts: int = 3) -> Any:
    """A boto3 client that acts as the role. `attempts` bounds how often it sends a request that is refused for now."""
    session = aws["sts"].assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=aws.endpoint,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        config=Config(
            signature_version="s3v4" if service == "s3" else "v4",
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )
