"""The contract of Lambda processes: whole logs at once, and no process that outlives the emulator."""

import io
import json
import os
import signal
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_cloud.aws_clients import Clients
from local_cloud.emulator_process import EmulatorProcess
from local_cloud.state import StateDir
from tests.e2e.processes import mentioning
from tests.e2e.waiting import eventually

EMULATORS_OWN_WAIT_S = 0.05
HANDLER = """
import os, time

def handler(event, context):
    for number in range(event["lines"]):
        print("line", number, flush=True)
    time.sleep(event.get("sleep", 0))
    if "raise" in event:
        raise type(event["raise"], (Exception,), {})("what went wrong")
    if "began" in event:
        open(event["began"], "x").close()
        time.sleep(50)
    return dict(os.environ)
"""


def function(aws: Clients) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", HANDLER)
    made = aws["lambda"].create_function(
        FunctionName=f"function-{uuid.uuid4().hex[:8]}",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/lambda",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=60,
    )
    return str(made["FunctionName"])


def invoke(aws: Clients, name: str, lines: int = 0) -> dict[str, Any]:
    answer = aws["lambda"].invoke(FunctionName=name, Payload=json.dumps({"lines": lines}))
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def test_each_invocation_logs_its_own_lines_and_all_of_them(aws: Clients) -> None:
    name = function(aws)

    for lines in (3, 0, 200):
        invoke(aws, name, lines)

    events = eventually(lambda: aws["logs"].filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"])
    text = "\n".join(event["message"] for event in events)
    invocations = text.split("END RequestId")[:-1]
    assert [part.count("line ") for part in invocations] == [3, 0, 200]
    assert "end of log" not in text


def test_a_lambda_sees_no_aws_configuration_of_the_user(aws: Clients) -> None:
    environment = invoke(aws, function(aws))

    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["AWS_SECRET_ACCESS_KEY"] == "test"
    assert environment.get("AWS_SESSION_TOKEN", "") == ""
    assert not {"AWS_PROFILE", "HTTP_PROXY"} & environment.keys()


def test_an_invocation_that_logs_nothing_waits_for_no_log(aws: Clients) -> None:
    name = function(aws)
    invoke(aws, name)
    took = []

    for _ in range(20):
        began = time.perf_counter()
        invoke(aws, name)
        took.append(time.perf_counter() - began)

    assert min(took) < EMULATORS_OWN_WAIT_S


def test_a_lambda_in_mid_invocation_ends_with_a_killed_emulator(tmp_path: Path) -> None:
    emulator = EmulatorProcess.start(StateDir.at(tmp_path), port=0, commands={}, attached=True)
    aws = Clients(emulator.facts.endpoint)
    began = tmp_path / "began"
    event = json.dumps({"lines": 1, "began": str(began)})
    aws["lambda"].invoke(FunctionName=function(aws), Payload=event, InvocationType="Event")
    eventually(began.exists)

    os.kill(emulator.facts.pid, signal.SIGKILL)
    emulator.stop()

    eventually(lambda: not mentioning(str(tmp_path)), within_s=5.0)


def test_a_lambda_that_raises_fails_by_the_name_of_what_it_raised(aws: Clients) -> None:
    event = json.dumps({"lines": 0, "raise": "JobNotFound"})

    answer = aws["lambda"].invoke(FunctionName=function(aws), Payload=event)

    assert answer["FunctionError"]
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("JobNotFound", "what went wrong")


def test_a_burst_of_invocations_queues_for_as_many_processes_as_the_machine_has_processors(
    aws: Clients, emulator_state: StateDir
) -> None:
    name, event = function(aws), json.dumps({"lines": 0, "sleep": 0.2})

    with ThreadPoolExecutor(8) as callers:
        answers = list(
            callers.map(lambda _: aws["lambda"].invoke(FunctionName=name, Payload=event)["StatusCode"], range(8))
        )

    commands = mentioning(str(emulator_state.path)).values()
    assert answers == [200] * 8
    assert sum(name in command for command in commands) == max(2, os.cpu_count() or 1)
