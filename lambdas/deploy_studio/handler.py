"""A custom resource of CloudFormation: Studio's files and its configuration in the bucket of the distribution.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
from typing import Any
from urllib.request import Request, urlopen

from craftspark.aws import clients
from craftspark.aws.studio_bucket import StudioBucket
from lambdas.log import logger

RESPONSE_TIMEOUT_S = 10


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """Copy the files, and report the result to CloudFormation. A deletion leaves the files to that of the bucket."""
    properties = event["ResourceProperties"]
    try:
        if event["RequestType"] != "Delete":
            deploy(properties)
        result = {"Status": "SUCCESS"}
    except Exception as error:  # CloudFormation would wait for an answer until its timeout
        logger.exception("Studio was not deployed")
        result = {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"}
    respond(event, {**result, "PhysicalResourceId": f"studio-files-of-{properties['Bucket']}"})


def deploy(properties: dict[str, str]) -> None:
    """Write the build, if the stack has one, and then the configuration."""
    bucket = StudioBucket(client=clients.s3(), bucket=properties["Bucket"])
    if "SourceKey" in properties:
        files = bucket.put_build(properties["SourceBucket"], properties["SourceKey"])
        logger.info("build copied", extra={"files": files})
    bucket.put_configuration(properties["Configuration"])


def respond(event: dict[str, Any], result: dict[str, str]) -> None:
    """Send the result to the address that CloudFormation has signed for it."""
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")} | result
    # An empty content type: the signature has none.
    request = Request(event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310
    with urlopen(request, timeout=RESPONSE_TIMEOUT_S):  # noqa: S310 - the address is CloudFormation's
        pass
