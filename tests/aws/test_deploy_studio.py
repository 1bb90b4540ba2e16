"""Studio's files in the bucket of the distribution."""

import io
import json
import zipfile
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from lambdas.deploy_studio import handler as deploy_studio

FILES = {
    "index.html": "<script src=/assets/app-1a2b.js>",
    "assets/app-1a2b.js": "1",
    "assets/type-3c4d.woff2": "2",
    "icon.svg": "<svg/>",
}
REQUEST = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Files", "ResponseURL": "https://answer"}

CONTEXT = SimpleNamespace(
    function_name="deploy_studio", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="r"
)


class Answers:
    """Receives what CloudFormation would."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], result: dict[str, str]) -> None:
        self.sent.append(result)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    found = Answers()
    monkeypatch.setattr(deploy_studio, "respond", found)
    return found


@pytest.fixture
def buckets(aws: None) -> Any:
    s3 = boto3.client("s3")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    for bucket in ("studio", "packages"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="packages", Key="build.zip", Body=packed.getvalue())
    return s3


def request(kind: str = "Create", **properties: str) -> dict[str, Any]:
    properties = {"Bucket": "studio", "Configuration": '{"api": "/v1"}', **properties}
    return {**REQUEST, "RequestType": kind, "ResourceProperties": properties}


BUILD = {"SourceBucket": "packages", "SourceKey": "build.zip"}


def test_each_file_has_its_type_and_the_hashed_ones_are_kept(buckets: Any, answers: Answers) -> None:
    deploy_studio.handler(request(**BUILD), CONTEXT)

    def head(name: str) -> tuple[str, str]:
        found = buckets.head_object(Bucket="studio", Key=name)
        return found["ContentType"], found["CacheControl"]

    assert answers.sent[0]["Status"] == "SUCCESS"
    assert head("index.html") == ("text/html", "no-cache")
    assert head("icon.svg") == ("image/svg+xml", "no-cache")
    assert head("config.json") == ("application/json", "no-cache")
    forever = "public, max-age=31536000, immutable"
    assert head("assets/app-1a2b.js") == ("text/javascript", forever)
    assert head("assets/type-3c4d.woff2") == ("font/woff2", forever)


def test_files_of_an_earlier_build_stay_and_those_without_a_build_too(buckets: Any, answers: Answers) -> None:
    buckets.put_object(Bucket="studio", Key="assets/old-9f8e.js", Body=b"0")

    deploy_studio.handler(request(**BUILD), CONTEXT)
    deploy_studio.handler(request("Update", Configuration='{"api": "/v2"}'), CONTEXT)
    deploy_studio.handler(request("Delete"), CONTEXT)

    names = {each["Key"] for each in buckets.list_objects_v2(Bucket="studio")["Contents"]}
    assert names == {*FILES, "assets/old-9f8e.js", "config.json"}
    assert json.loads(buckets.get_object(Bucket="studio", Key="config.json")["Body"].read()) == {"api": "/v2"}
    assert {each["PhysicalResourceId"] for each in answers.sent} == {"studio-files-of-studio"}


def test_a_failure_is_told_with_its_reason(buckets: Any, answers: Answers) -> None:
    deploy_studio.handler(request(SourceBucket="packages", SourceKey="missing.zip"), CONTEXT)

    assert answers.sent[0]["Status"] == "FAILED"
    assert "NoSuchKey" in answers.sent[0]["Reason"]
