"""Sizes and times that API Gateway and Lambda bound are bounded in the local cloud too."""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.executions.state_machines import ended, start
from tests.e2e.emulator.roles import role
from tests.e2e.front_end import HTTP

HANDLER = """
import json, os, tempfile, time

def handler(event, context):
    asked = json.loads(event["body"]) if "body" in event else event
    if "exit" in asked:
        os._exit(asked["exit"])
    if "write_mib" in asked:
        with tempfile.TemporaryFile() as file:
            file.seek(asked["write_mib"] * 1024 * 1024 - 1)
            file.write(b"x")
    taken = b"x" * (asked.get("take_mib", 0) * 1024 * 1024)
    time.sleep(asked.get("wait_s", 0))
    return {"statusCode": 200, "body": "x" * asked.get("size", 0)}
"""
MIB = 1024 * 1024
IMPATIENT = "/impatient"


@dataclass(frozen=True)
class Api:
    """An HTTP API whose routes invoke a function. On the route `IMPATIENT`, it waits 100 ms at most."""

    url: str
    function: str

    def post(self, body: bytes, path: str = "/") -> httpx.Response:
        return HTTP.post(self.url + path, content=body, headers={"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def api(aws: Clients) -> Api:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", HANDLER)
    function = aws["lambda"].create_function(
        FunctionName=f"function-{uuid.uuid4().hex[:8]}",
        Runtime="python3.12",
        Role=role(aws, "lambda"),
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    gateway = aws["apigatewayv2"]
    made = gateway.create_api(Name="limits", ProtocolType="HTTP")
    for route, timeout_ms in (("$default", 30_000), (f"POST {IMPATIENT}", 100)):
        integration = gateway.create_integration(
            ApiId=made["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=function["FunctionArn"],
            PayloadFormatVersion="2.0",
            TimeoutInMillis=timeout_ms,
        )
        gateway.create_route(ApiId=made["ApiId"], RouteKey=route, Target=f"integrations/{integration['IntegrationId']}")
    gateway.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    aws["lambda"].add_permission(
        FunctionName=function["FunctionName"],
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    aws["lambda"].invoke(FunctionName=function["FunctionName"], Payload=b"{}")["Payload"].read()  # starts its process
    return Api(f"{aws.endpoint}/_aws/execute-api/{made['ApiId']}/$default", function["FunctionName"])


def padded(size: int, **asked: float) -> bytes:
    """An event for the function, as JSON of this many bytes."""
    empty = len(json.dumps({**asked, "pad": ""}))
    return json.dumps({**asked, "pad": "x" * (size - empty)}).encode()


def test_an_http_api_refuses_a_request_of_over_10_mb(api: Api) -> None:
    answers = [api.post(b" " * size) for size in (10 * MIB + 1, 10 * MIB)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (413, {"message": "Request Entity Too Large"}),
        (413, {"message": "Request Entity Too Large"}),  # more than its function takes
    ]
    assert api.post(padded(5 * MIB)).status_code == 200


def test_an_http_api_stops_waiting_for_its_function(api: Api) -> None:
    late = api.post(json.dumps({"wait_s": 20}).encode(), IMPATIENT)

    assert (late.status_code, late.json()) == (503, {"message": "Service Unavailable"})
    assert api.post(json.dumps({"wait_s": 0.5}).encode()).status_code == 200


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6 * MIB), ("Event", MIB)])
def test_an_event_larger_than_lambda_takes_is_refused(aws: Clients, api: Api, kind: str, limit: int) -> None:
    with pytest.raises(ClientError) as refused:
        aws["lambda"].invoke(FunctionName=api.function, InvocationType=kind, Payload=padded(limit + 1))
    taken = aws["lambda"].invoke(FunctionName=api.function, InvocationType=kind, Payload=padded(limit))
    taken["Payload"].read()

    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert taken["StatusCode"] in (200, 202)


def test_a_response_of_over_6_mb_is_an_error_of_the_function(aws: Clients, api: Api) -> None:
    def invoke(size: int) -> Mapping[str, object]:
        answer = aws["lambda"].invoke(FunctionName=api.function, Payload=json.dumps({"size": size}).encode())
        return {"error": answer.get("FunctionError"), **json.loads(answer["Payload"].read())}

    too_large, large = invoke(6 * MIB + 1024), invoke(6 * MIB - 1024)

    assert too_large["errorType"] == "Function.ResponseSizeTooLarge"
    assert too_large["error"] == "Unhandled"
    assert large["error"] is None


def test_a_file_of_a_function_is_at_most_as_large_as_its_tmp(aws: Clients, api: Api) -> None:
    def write(mib: int) -> dict[str, Any]:
        payload = json.dumps({"write_mib": mib})
        answer: dict[str, Any] = aws["lambda"].invoke(FunctionName=api.function, Payload=payload)
        return {"error": answer.get("FunctionError"), **json.loads(answer["Payload"].read())}

    assert write(512)["error"] is None
    refused = write(513)
    assert (refused["error"], refused["errorType"]) == ("Unhandled", "OSError")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"take_mib": 200, "wait_s": 25}, "Runtime.OutOfMemory"),  # of 128
        ({"exit": 3}, "Runtime.ExitError"),
        ({"wait_s": 60}, "Sandbox.Timedout"),
    ],
)
def test_a_function_whose_process_ends_says_how_and_starts_again(
    aws: Clients, api: Api, asked: Mapping[str, object], error: str
) -> None:
    def invoke(event: Mapping[str, object]) -> Mapping[str, object]:
        answer: dict[str, object] = json.loads(
            aws["lambda"].invoke(FunctionName=api.function, Payload=json.dumps(event).encode())["Payload"].read()
        )
        return answer

    def limit(timeout_s: int) -> None:
        aws["lambda"].update_function_configuration(FunctionName=api.function, Timeout=timeout_s)

    limit(2 if error == "Sandbox.Timedout" else 30)
    failed = invoke(asked)
    limit(30)
    next_one = invoke({"take_mib": 20})

    assert failed["errorType"] == error
    assert next_one["statusCode"] == 200


@pytest.mark.parametrize(("characters", "status"), [(262_100, "SUCCEEDED"), (262_200, "FAILED")])
def test_a_state_that_returns_over_256_kib_ends_its_execution(aws: Clients, characters: int, status: str) -> None:
    large = f"{{% $pad('', {characters}, 'x') %}}"
    states = {
        "Make": {"Type": "Pass", "Output": {"data": large}, "Next": "Done"},
        "Done": {"Type": "Pass", "Output": {}, "End": True},
    }

    execution = ended(aws, start(aws, {"StartAt": "Make", "States": states}))

    assert execution["status"] == status
    if status == "FAILED":
        assert execution["error"] == "States.DataLimitExceeded"
