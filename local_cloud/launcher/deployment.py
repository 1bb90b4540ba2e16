"""Deploy a cloud assembly through CloudFormation, with boto3 instead of the CDK CLI."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_cloud.launcher.assembly import FileAsset, Stack, read_stacks
from local_cloud.launcher.aws_clients import Clients

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "32"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
STACK_TIMEOUT_S = 180.0
POLL_S = 0.05


class DeployFailed(Exception):
    """CloudFormation did not complete a stack. The message has the failure reasons of its resources."""


def deploy(clients: Clients, assembly: Path, report: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """Create or update every stack of the assembly in order.

    Returns the outputs of all stacks by key, without the exports that the CDK generates for other stacks.
    """
    stacks = read_stacks(assembly)
    clients["ssm"].put_parameter(Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True)
    upload(clients["s3"], [asset for stack in stacks for asset in stack.assets])
    outputs: dict[str, str] = {}
    for stack in stacks:
        report(f"{stack.name}: {_deploy_stack(clients, stack)}")
        described = _describe(clients["cloudformation"], stack.name) or {}
        outputs |= {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return {key: value for key, value in outputs.items() if not key.startswith("ExportsOutput")}


def upload(s3: Any, assets: Iterable[FileAsset]) -> None:
    """Upload the assets whose keys do not exist, and create their buckets. A key contains a hash of the content."""
    existing: dict[str, set[str]] = {}
    for asset in assets:
        if asset.bucket not in existing:
            existing[asset.bucket] = _open_bucket(s3, asset.bucket)
        if asset.key not in existing[asset.bucket]:
            s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.read())
            existing[asset.bucket].add(asset.key)


def _open_bucket(s3: Any, bucket: str) -> set[str]:
    """The keys in the bucket, which is created if it does not exist."""
    try:
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket))
    except s3.exceptions.NoSuchBucket:
        s3.create_bucket(Bucket=bucket)
        return set()
    return {found["Key"] for page in pages for found in page.get("Contents", ())}


def _deploy_stack(clients: Clients, stack: Stack) -> str:
    cloudformation = clients["cloudformation"]
    existing = _describe(cloudformation, stack.name)
    if existing and existing["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
        cloudformation.delete_stack(StackName=stack.name)
        _wait_for_stack(cloudformation, stack.name)
        existing = None
    create_or_update = cloudformation.update_stack if existing else cloudformation.create_stack
    try:
        create_or_update(
            StackName=stack.name,
            TemplateURL=f"{clients.endpoint}/{stack.bucket}/{stack.template_key}",
            Capabilities=CAPABILITIES,
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
        )
    except ClientError as error:
        reason = error.response["Error"]["Message"]
        if existing and "No updates are to be performed" in reason:
            return "unchanged"
        raise DeployFailed(f"CloudFormation rejected {stack.name}: {reason}") from error
    status = _wait_for_stack(cloudformation, stack.name)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployFailed(f"{stack.name} ended with {status}: {_failure_reasons(cloudformation, stack.name)}")
    return status


def _wait_for_stack(cloudformation: Any, name: str) -> str:
    """The stack's status when no operation is in progress; raises DeployFailed after STACK_TIMEOUT_S."""
    deadline = time.monotonic() + STACK_TIMEOUT_S
    while time.monotonic() < deadline:
        stack = _describe(cloudformation, name)
        if stack is None:
            return "DELETE_COMPLETE"
        status = str(stack["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(POLL_S)  # CloudFormation sends no event that this process could wait for
    raise DeployFailed(f"{name} is still in progress after {STACK_TIMEOUT_S:.0f} s")


def _describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return stacks[0]


def _failure_reasons(cloudformation: Any, name: str) -> str:
    reasons = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
        for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "; ".join(reversed(reasons)) or "no reason given"
