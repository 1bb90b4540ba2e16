"""The contract of Lambda processes: complete logs of each invocation, and no process that outlives the emulator."""

import io
import json
import os
import queue
import signal
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from ministack.core import lambda_runtime

from local_cloud.emulator.patches.lambda_functions import processes as lambda_processes
from local_cloud.emulator.patches.lambda_functions.concurrency import WAIT_TIMEOUT_S, Slots
from local_cloud.emulator.patches.lambda_functions.processes import (
    END_OF_LOG,
    LOGS,
    LambdaProcesses,
    Stopping,
    drain_stderr,
    extend_read,
)
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.emulator_process import EmulatorProcess
from local_cloud.launcher.state import StateDir
from tests.e2e.emulator.executions.state_machines import ended, history, start
from tests.e2e.emulator.metrics import metric_sum
from tests.e2e.emulator.roles import allow, role
from tests.e2e.impatient import impatient
from tests.e2e.processes import mentioning
from tests.e2e.waiting import eventually

HANDLER = """
import os, time

def meet(number, folder):  # until so many invocations have begun
    open(os.path.join(folder, f"{os.getpid()}-{time.monotonic_ns()}"), "x").close()
    while len(os.listdir(folder)) < number:
        time.sleep(0.01)

def handler(event, context):
    for number in range(event["lines"]):
        print("line", number, flush=True)
    if "say" in event:
        print(event["say"], flush=True)
    if "meet" in event:
        meet(event["meet"], event["folder"])
    if "raise" in event:
        raise type(event["raise"], (Exception,), {})("what went wrong")
    if "began" in event:
        open(os.path.join(event["began"], f"{os.getpid()}"), "x").close()
        time.sleep(50)
    return dict(os.environ)
"""


class FakeWorker:
    """A worker whose process is never started."""


def function(aws: Clients, *statements: Mapping[str, Any]) -> str:
    """The name of a new function with the handler, and with these statements of its role."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", HANDLER)
    made = aws["lambda"].create_function(
        FunctionName=f"function-{uuid.uuid4().hex[:8]}",
        Runtime="python3.12",
        Role=role(aws, "lambda", allow("*", "logs:CreateLogStream", "logs:PutLogEvents"), *statements),
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
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")  # a session of the function's role
    assert environment["AWS_SESSION_TOKEN"] != "real"
    assert not {"AWS_PROFILE", "HTTP_PROXY"} & environment.keys()


def test_an_invocation_s_log_ends_where_its_process_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines before the mark are the log. Later lines are not awaited, and the next log stays in the queue."""
    lines: queue.Queue[str] = queue.Queue()
    for line in ("one", "two", END_OF_LOG, "the next invocation's"):
        lines.put(line)
    worker = SimpleNamespace(config={"Runtime": "python3.12", "FunctionName": "f"}, _stderr_queue=lines)
    monkeypatch.setenv(LOGS, str(tmp_path))

    assert drain_stderr(worker) == "one\ntwo"
    assert lines.get_nowait() == "the next invocation's"
    assert (tmp_path / "lambdas/f.log").read_text() == "one\ntwo\n"


def test_the_last_log_of_a_process_ends_with_it() -> None:
    lines: queue.Queue[str] = queue.Queue()
    worker = SimpleNamespace(config={"Runtime": "python3.12"}, _stderr_queue=lines)

    extend_read(lambda worker: worker._stderr_queue.put("killed"))(worker)

    assert [lines.get_nowait() for _ in range(2)] == ["killed", END_OF_LOG]


def test_a_lambda_in_mid_invocation_ends_with_a_killed_emulator(tmp_path: Path) -> None:
    emulator = EmulatorProcess.start(StateDir.at(tmp_path), port=0, commands={}, attached=True)
    aws = Clients(emulator.record.endpoint)
    began = tmp_path / "began"
    began.mkdir()
    event = json.dumps({"lines": 1, "began": str(began)})
    aws["lambda"].invoke(FunctionName=function(aws), Payload=event, InvocationType="Event")
    eventually(lambda: list(began.iterdir()))

    os.kill(emulator.record.pid, signal.SIGKILL)
    emulator.stop()

    eventually(lambda: not mentioning(str(tmp_path)))


def test_an_emulator_that_stops_ends_its_lambdas_and_starts_none_that_waits(tmp_path: Path) -> None:
    emulator = EmulatorProcess.start(StateDir.at(tmp_path), port=0, commands={}, attached=True)
    aws = Clients(emulator.record.endpoint)
    name, began = function(aws), tmp_path / "began"
    processes = max(2, os.cpu_count() or 1)
    began.mkdir()
    event = json.dumps({"lines": 1, "began": str(began)})

    def invoke_until_the_end(_: int) -> None:
        with suppress(ClientError, BotoCoreError):
            aws["lambda"].invoke(FunctionName=name, Payload=event)

    # More invocations than processes, so that some still wait for a process when the emulator stops.
    with ThreadPoolExecutor(3 * processes) as callers:
        ended = callers.map(invoke_until_the_end, range(3 * processes))
        eventually(lambda: len(list(began.iterdir())) == processes)

        emulator.stop()

        started = len(list(began.iterdir()))
        left = mentioning(str(tmp_path))
        list(ended)

    # The emulator did not reach its time limit, after which it exits with code 1.
    assert emulator.exit_code == 0
    assert left == {}
    assert started == processes


def test_a_lambda_process_that_starts_while_the_emulator_stops_is_killed_and_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processes, starting, killed = LambdaProcesses(), threading.Event(), threading.Event()
    worker = FakeWorker()

    def start_slowly(_: Any) -> None:
        starting.set()
        assert killed.wait(60)

    monkeypatch.setattr(lambda_processes, "_spawn", start_slowly)
    monkeypatch.setattr(lambda_runtime, "kill_workers", lambda workers: killed.set() if workers == [worker] else None)
    with ThreadPoolExecutor(1) as invocation:
        start = invocation.submit(processes.start, worker)
        assert starting.wait(60)

        assert processes.end()

        assert start.done() or start.exception() is None
    with pytest.raises(Stopping):
        processes.start(worker)


def test_a_lambda_process_that_does_not_end_its_start_is_not_awaited_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    processes, starting, goes_on = LambdaProcesses(), threading.Event(), threading.Event()

    def hang(_: Any) -> None:
        starting.set()
        goes_on.wait()

    monkeypatch.setattr(lambda_processes, "_spawn", hang)
    monkeypatch.setattr(lambda_runtime, "kill_workers", lambda workers: None)
    with ThreadPoolExecutor(1) as invocation:
        invocation.submit(processes.start, FakeWorker())
        assert starting.wait(60)

        ended = processes.end(within_s=0.01)
        goes_on.set()

    assert not ended


def test_a_lambda_that_raises_fails_by_the_name_of_what_it_raised(aws: Clients) -> None:
    event = json.dumps({"lines": 0, "raise": "JobNotFound"})

    answer = aws["lambda"].invoke(FunctionName=function(aws), Payload=event)

    assert answer["FunctionError"]
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("JobNotFound", "what went wrong")


def test_a_burst_of_invocations_queues_for_as_many_processes_as_the_machine_has_processors(
    aws: Clients, emulator_state: StateDir, tmp_path: Path
) -> None:
    name, processes = function(aws), max(2, os.cpu_count() or 1)
    # Each invocation ends only when the maximum number of processes has started.
    event = json.dumps({"lines": 0, "meet": processes, "folder": str(tmp_path)})

    with ThreadPoolExecutor(4 * processes) as callers:
        answers = list(
            callers.map(
                lambda _: aws["lambda"].invoke(FunctionName=name, Payload=event)["StatusCode"], range(4 * processes)
            )
        )

    commands = mentioning(str(emulator_state.path)).values()
    assert answers == [200] * 4 * processes
    assert sum(name in command for command in commands) == processes


def test_a_throttled_lambda_is_throttled_by_name_and_its_events_wait(aws: Clients, emulator_state: StateDir) -> None:
    name = function(aws)
    arn = aws["lambda"].get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    aws["lambda"].put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    retry = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 1}
    invoke_it = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": {"lines": 0}},
        "Retry": [retry],
        "End": True,
    }

    with pytest.raises(ClientError) as refusal:
        impatient(aws, "lambda").invoke(FunctionName=name)
    execution = start(aws, {"StartAt": "Work", "States": {"Work": invoke_it}})
    failed = ended(aws, execution)
    before = throttles(aws, name)
    rule = aws["events"].put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    aws["lambda"].add_permission(
        FunctionName=name,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    aws["events"].put_targets(Rule=name, Targets=[{"Id": "it", "Arn": arn, "Input": json.dumps({"lines": 3})}])
    aws["events"].put_events(Entries=[{"Source": name, "DetailType": "Drill", "Detail": "{}"}])
    eventually(lambda: throttles(aws, name) > before)
    aws["lambda"].delete_function_concurrency(FunctionName=name)

    assert refusal.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert failed["error"] == "Lambda.TooManyRequestsException"
    assert [event["type"] for event in history(aws, execution)].count("TaskFailed") == 2
    log = emulator_state.logs / "lambdas" / f"{name}.log"
    assert eventually(lambda: log.exists() and log.read_text()) == "line 0\nline 1\nline 2\n"


def test_metrics_that_log_lines_carry_reach_cloudwatch(aws: Clients) -> None:
    name = function(aws)

    def line(value: Any) -> str:
        metrics = [{"Name": "JobAccepted", "Unit": "Count"}]
        directive = {"Namespace": "Craftspark", "Dimensions": [["service"]], "Metrics": metrics}
        about = {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return json.dumps({"_aws": about, "service": name, "JobAccepted": value})

    for said in (line(1), line([2, 3]), line("many"), '{"_aws": {"CloudWatchMetrics": 7}}', 'no JSON "_aws"'):
        aws["lambda"].invoke(FunctionName=name, Payload=json.dumps({"lines": 1, "say": said}))

    assert metric_sum(aws, "Craftspark", "JobAccepted", {"service": name}) == 6


def throttles(aws: Clients, name: str) -> int:
    return metric_sum(aws, "AWS/Lambda", "Throttles", {"FunctionName": name})


def test_a_slow_machine_gets_one_more_process_at_a_time() -> None:
    """Ten invocations wait for the two processes of a function, which take longer than an invocation waits."""
    now, held, goes_on = [0.0], threading.Semaphore(0), threading.Event()
    slots = Slots(2, clock=lambda: now[0])
    started: list[float] = []

    def invoke() -> None:
        with slots.hold():
            started.append(now[0])
            held.release()
            goes_on.wait(30)

    with ThreadPoolExecutor(12) as callers:
        invocations = [callers.submit(invoke) for _ in range(12)]
        for _ in range(2):
            assert held.acquire(timeout=30)
        for number in (1, 2):
            now[0] += WAIT_TIMEOUT_S
            with slots._condition:
                slots._condition.notify_all()
            assert held.acquire(timeout=30)
            assert len(started) == 2 + number
        goes_on.set()
        for invocation in invocations:
            invocation.result(30)
