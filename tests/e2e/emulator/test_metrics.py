"""The services of the emulator report the metrics that AWS's services report."""

import json
import time
import uuid
from typing import Any

import pytest
from ministack.services import cloudwatch

from local_cloud.alarms import end_minute
from local_cloud.emulator.patches import quota_counts
from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.emulator.quotas.throttles import THROTTLES
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.executions.state_machines import ended, start
from tests.e2e.emulator.functions.test_lambda_processes import function
from tests.e2e.emulator.metrics import metric_sum, metric_values


def test_executions_and_what_they_invoke_are_counted(aws: Clients) -> None:
    name = function(aws)
    fail = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    fail["Arguments"] = {"FunctionName": name, "Payload": {"lines": 0, "raise": "Broken"}}

    execution = ended(aws, start(aws, {"StartAt": "Fail", "States": {"Fail": fail}}))

    of_machine, of_function = {"StateMachineArn": execution["stateMachineArn"]}, {"FunctionName": name}
    counted = [
        metric_sum(aws, "AWS/States", metric, of_machine)
        for metric in ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsSucceeded")
    ]
    assert counted == [1, 1, 0]
    counted = [metric_sum(aws, "AWS/Lambda", metric, of_function) for metric in ("Invocations", "Errors", "Throttles")]
    assert counted == [1, 1, 0]


def test_a_queue_reports_the_age_of_its_oldest_message_but_not_of_poison_pills(aws: Clients) -> None:
    sqs, name = aws["sqs"], uuid.uuid4().hex
    url = sqs.create_queue(QueueName=name)["QueueUrl"]

    def reported(metric: str) -> int:
        """How often the queue has reported this. Other minutes may end meanwhile."""
        end_minute(aws.endpoint)
        return metric_values(aws, "AWS/SQS", metric, {"QueueName": name}).samples

    assert reported("ApproximateAgeOfOldestMessage") == 0  # only a queue with messages has this metric
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert reported("ApproximateAgeOfOldestMessage") > 0
    for _ in range(4):
        assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    ages, visible = (reported(f"Approximate{what}") for what in ("AgeOfOldestMessage", "NumberOfMessagesVisible"))
    assert reported("ApproximateAgeOfOldestMessage") == ages
    assert reported("ApproximateNumberOfMessagesVisible") > visible


def test_metrics_in_log_lines_that_no_function_writes_reach_cloudwatch_at_their_time(aws: Clients) -> None:
    logs, name = aws["logs"], uuid.uuid4().hex
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName=name)
    now = time.time_ns() // 1_000_000
    directive = {"Namespace": "Test", "Dimensions": [["service"]], "Metrics": [{"Name": name}]}

    for timestamp in (now, now - 2 * 3600 * 1000):
        about = {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}
        line = json.dumps({"_aws": about, "service": "gpu_worker", name: 5})
        event = {"timestamp": now, "message": line}
        logs.put_log_events(logGroupName=name, logStreamName=name, logEvents=[event])

    assert metric_sum(aws, "Test", name, {"service": "gpu_worker"}) == 5


def test_equal_values_of_a_minute_are_one_data_point(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics: dict[Any, list[dict[str, Any]]] = {}
    monkeypatch.setattr(cloudwatch, "_metrics", metrics)

    for second, value in ((0, 1), (1, 1), (2, 3), (59, 1), (60, 1)):
        record_metric("Test", "counted", value, "Count", {"of": "this"}, 6000.0 + second)

    [points] = metrics.values()
    assert [(each["Timestamp"], each["Value"], each.get("Count")) for each in points] == [
        (6000.0, 1.0, 3.0),
        (6002.0, 3.0, None),
        (6060.0, 1.0, None),
    ]


def test_a_state_that_waits_for_the_quota_of_transitions_is_a_throttle_of_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics: dict[Any, list[dict[str, Any]]] = {}
    waits = iter([0.0, 0.001])
    monkeypatch.setattr(cloudwatch, "_metrics", metrics)
    monkeypatch.setattr(THROTTLES, "wait_s", lambda call: next(waits))

    for _ in range(2):
        quota_counts.wait_for_turn("machine")

    [(key, points)] = metrics.items()
    assert key[:2] == ("AWS/States", "ExecutionThrottled")
    assert [(each["Value"], each["Dimensions"]) for each in points] == [(1.0, {"StateMachineArn": "machine"})]
