"""The CPU time of the submit handler in addition to its two calls to AWS."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.entries import Entry, build_ratio
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.settings.accounts import TokenSettings
from craftspark.settings.jobs import SubmitSettings
from craftspark.tools import serve_tools

ROUNDS, CALLS = 30, 40
COLD_STARTS = 12

BOTO3 = "import boto3; boto3.client('dynamodb')"
HANDLER = "import lambdas.submit_job.handler"
HANDLER_READY = "import lambdas.submit_job.handler; from lambdas.wiring.submissions import submissions; submissions()"


@dataclass
class Context:
    """The context of a Lambda invocation."""

    function_name: str = "submit_job"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:submit_job"
    aws_request_id: str = "request"


CLAIMS = {"sub": "maker-1", "token_use": "access", "scope": "aws.cognito.signin.user.admin"}


POOLS = ServingPools(
    networks=BUILT_IN_NETWORKS,
    pools=(
        ServingPool(
            name="draw",
            tools=serve_tools(find_model("craftspark-clipart-128")),
            device="cpu",
            min_tasks=1,
            launch_s=12,
        ),
    ),
)


def build_environment(port: int) -> dict[str, str]:
    settings = SubmitSettings(
        jobs_table="jobs",
        accounts_table="accounts",
        styles_table="styles",
        intake_queue_url=f"http://127.0.0.1:{port}/123456789012/intake",
        pools=POOLS.to_text(),
        dispatch_ms=250,
        batch_s=600,
        moderator="none",
        moderation_fallback="refuse",
        guardrail_id="",
        guardrail_version="",
        uploads_table="upload-records",
        gallery_table="gallery-records",
        default_plan="plus",
        job_deadline_s=3600,
        job_retention_days=30,
    )
    return {
        **settings.to_environment(),
        **TokenSettings(token_scopes=CLAIMS["scope"]).to_environment(),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_SERVICE_NAME": "submit_job",
        "POWERTOOLS_METRICS_NAMESPACE": "Craftspark",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@contextlib.contextmanager
def run_canned_aws() -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.handlers.canned_aws"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(timeout=10)


def build_event(number: int) -> dict[str, Any]:
    """A request as API Gateway passes it to the function."""
    return {
        "version": "2.0",
        "headers": {"idempotency-key": f"key-{number}", "content-type": "application/json"},
        "pathParameters": {"tool": "picture"},
        "body": json.dumps({"prompt": "a red apple on a white table", "count": 4}),
        "isBase64Encoded": False,
        "requestContext": {"requestId": f"r{number}", "authorizer": {"jwt": {"claims": CLAIMS}}},
    }


def measure() -> list[Entry]:
    with run_canned_aws() as port, patch.dict(os.environ, build_environment(port)):
        return [*measure_warm_calls(), measure_cold_imports()]


def measure_warm_calls() -> list[Entry]:
    from craftspark.aws import clients
    from lambdas.submit_job.handler import handler

    calls: list[tuple[str, dict[str, Any]]] = []

    def record_call(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    dynamodb, sqs = clients.dynamodb(), clients.sqs()
    with discard_output():
        handler(build_event(0), Context())  # a cold instance reads the backlog
    for client in (dynamodb, sqs):
        client.meta.events.register("provide-client-params", record_call)
    with discard_output():
        handler(build_event(1), Context())
    for client in (dynamodb, sqs):
        client.meta.events.unregister("provide-client-params", record_call)
    by_name = dict(calls)

    def call_sdk(_: Any) -> None:
        dynamodb.transact_write_items(**by_name["TransactWriteItems"])
        sqs.send_message(**by_name["SendMessage"])

    def call_handler(invocation: tuple[dict[str, Any], Context]) -> None:
        response = handler(*invocation)
        assert response["statusCode"] == 202

    for function in (call_sdk, call_handler):
        measure_cpu_ms(function)
    handler_ms, sdk_ms = [], []
    for _ in range(ROUNDS):
        handler_ms.append(measure_cpu_ms(call_handler))
        sdk_ms.append(measure_cpu_ms(call_sdk))
    beside = {"handler_cpu_ms": round(median(handler_ms), 3), "sdk_cpu_ms": round(median(sdk_ms), 3)}
    return [
        build_ratio("submit_cpu_over_sdk", handler_ms, sdk_ms, goal=1.15, beside=beside),
        Entry(
            name="submit_aws_calls",
            value=len(calls),
            goal=2,
            better="lower",
            unit="calls",
            beside={"calls": [name for name, _ in calls]},
        ),
    ]


def measure_cpu_ms(function: Callable[[tuple[dict[str, Any], Context]], None]) -> float:
    """The CPU milliseconds of this process per invocation, over CALLS invocations whose output is discarded.

    The events are built before, because the runtime passes them to the handler.
    """
    invocations = [(build_event(number), Context()) for number in range(CALLS)]
    with discard_output():
        start = time.process_time()
        for invocation in invocations:
            function(invocation)
        return 1000 * (time.process_time() - start) / CALLS


@contextlib.contextmanager
def discard_output() -> Iterator[None]:
    """Discard standard output, including that of loggers that opened it before."""
    sys.stdout.flush()
    stdout, null_device = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(null_device)


def measure_cold_imports() -> Entry:
    """Each import runs in a new interpreter; the three statements alternate."""
    boto3_ms, handler_ms, ready_ms = [], [], []
    with tempfile.TemporaryDirectory() as bytecode:
        measure_import_ms(HANDLER_READY, bytecode)  # compiles our modules and boto3
        for _ in range(COLD_STARTS):
            boto3_ms.append(measure_import_ms(BOTO3, bytecode))
            handler_ms.append(measure_import_ms(HANDLER, bytecode))
            ready_ms.append(measure_import_ms(HANDLER_READY, bytecode))
    beside = {
        "handler_import_ms": round(median(handler_ms), 1),
        "boto3_and_one_client_ms": round(median(boto3_ms), 1),
        "handler_import_and_both_clients_over_boto3": round(
            median(ready / boto3 for ready, boto3 in zip(ready_ms, boto3_ms, strict=True)), 3
        ),
    }
    return build_ratio("submit_import_over_boto3", handler_ms, boto3_ms, goal=1.5, beside=beside)


def measure_import_ms(statement: str, bytecode: str) -> float:
    """The milliseconds of a statement in a new interpreter, which writes compiled modules to the folder `bytecode`."""
    own_bytecode = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = f"import time; t = time.perf_counter(); {statement}; print(1000 * (time.perf_counter() - t))"
    command = [sys.executable, "-X", f"pycache_prefix={bytecode}", "-c", program]
    process = subprocess.run(command, env=own_bytecode, capture_output=True, text=True, check=True, timeout=60)
    return float(process.stdout)
