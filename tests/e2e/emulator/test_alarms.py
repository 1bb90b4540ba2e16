"""Alarms change their state as CloudWatch's documents say, on metrics that the emulator's services emit."""

import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ministack.services import cloudwatch

from local_cloud.alarms import end_minute, read_alarms
from local_cloud.emulator.alarms.evaluation import evaluate
from local_cloud.emulator.alarms.expressions import ExpressionUnsupported, compute
from local_cloud.emulator.alarms.states import judge
from local_cloud.emulator.patches.cloudwatch import alarm_states
from local_cloud.emulator.patches.cloudwatch.metric_points import record_metric
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.environment import ACCOUNT, REGION
from tests.e2e.emulator.roles import allow, policy
from tests.e2e.emulator.test_patches import deploy
from tests.e2e.front_end import FrontEnd
from tests.e2e.launcher.command_line import run
from tests.e2e.waiting import eventually

# The tables of "Configuring how CloudWatch alarms treat missing data": X breaches, 0 does not, - is missing. Then the
# state for each treatment: missing, ignore, breaching, notBreaching. K keeps the current state.
ALL_OF_3 = (
    ("0-X-X", "OK", "OK", "OK", "OK"),
    ("----0", "OK", "OK", "OK", "OK"),
    ("-----", "INSUFFICIENT_DATA", "K", "ALARM", "OK"),
    ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("--X--", "ALARM", "K", "ALARM", "OK"),
)
TWO_OF_3 = (
    ("0-X-X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("00X0X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0-X--", "OK", "OK", "ALARM", "OK"),
    ("----0", "OK", "OK", "ALARM", "OK"),
    ("---X-", "ALARM", "K", "ALARM", "OK"),
)
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
MARKS = {"X": True, "0": False, "-": None}


@pytest.mark.parametrize(
    ("needed", "row"), [*((3, row) for row in ALL_OF_3), *((2, row) for row in TWO_OF_3)], ids=lambda each: str(each)
)
def test_an_alarm_is_judged_as_the_tables_of_cloudwatch_say(needed: int, row: Sequence[str]) -> None:
    points, *states = row

    judged = [
        judge([MARKS[mark] for mark in points], periods=3, needed=needed, missing=treatment) for treatment in TREATMENTS
    ]

    assert judged == [None if state == "K" else state for state in states]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("m1 + m2", (11, None, 33)),
        ("-m1 * 2 ^ 2", (-4, -8, -12)),
        ("100 * m1 / (m1 - 1)", (None, 200, 150)),
        ("FILL(m2, 0)", (10, 0, 30)),
        ("FILL(m2, m1)", (10, 2, 30)),
        ("FILL(m2, REPEAT)", (10, 10, 30)),
        ("IF(m1 > 1 AND m1 < 3, m1, 0)", (0, 2, 0)),
        ("IF(m1 == 1 || m1 == 3, 7, m1)", (7, 2, 7)),
        ("SUM(METRICS())", (11, 2, 33)),
        ("MAX([m1, m2])", (10, 2, 30)),
        ("m1 / MAX(m1)", (1 / 3, 2 / 3, 1)),
        ("AVG(m2)", (20, 20, 20)),
    ],
)
def test_metric_math_is_computed_point_by_point(expression: str, values: Sequence[float | None]) -> None:
    metrics = {"m1": (1.0, 2.0, 3.0), "m2": (10.0, None, 30.0)}

    assert compute(expression, metrics, {}, 3) == pytest.approx(values)


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(m1)", "m1 +", "METRICS()", "m9", "m1.real", "RATE(m1)"])
def test_metric_math_that_cannot_be_computed_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionUnsupported):
        compute(expression, {"m1": (1.0,)}, {}, 1)


def describe(aws: Clients, name: str) -> dict[str, Any]:
    [alarm] = aws["cloudwatch"].describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)


def create_alarm(aws: Clients, name: str, topic: str) -> None:
    """An alarm of this name rings while the metric of the same name, with `of=this`, is above 1 within a minute."""
    aws["cloudwatch"].put_metric_alarm(
        AlarmName=name,
        Namespace="Test",
        MetricName=name,
        Dimensions=[{"Name": "of", "Value": "this"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )


def put(aws: Clients, name: str, value: float, **dimensions: str) -> None:
    dims = [{"Name": key, "Value": each} for key, each in dimensions.items()]
    data = {"MetricName": name, "Value": value, "Dimensions": dims}
    aws["cloudwatch"].put_metric_data(Namespace="Test", MetricData=[data])


def rung(aws: Clients, name: str, breach: Callable[[], None]) -> dict[str, Any]:
    """The alarm, which rings at the end of the minute of a breach, and not before.

    If the minute ends in between, another one decides.
    """

    def look() -> dict[str, Any] | None:
        if describe(aws, name)["StateValue"] == "ALARM":
            return None
        breach()
        before = describe(aws, name)["StateValue"]
        end_minute(aws.endpoint)
        alarm = describe(aws, name)
        return alarm if before != "ALARM" == alarm["StateValue"] else None

    return eventually(look) or {}


def topic_for(aws: Clients, name: str, service: str) -> tuple[str, str]:
    """The ARN of a new topic that the service may publish to, and the URL of a queue that gets its messages."""
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
    principals = {"Service": service, "AWS": ACCOUNT}
    statement = {**allow(arn, "sns:Publish", "sns:Subscribe"), "Principal": principals}
    topic = aws["sns"].create_topic(Name=name, Attributes={"Policy": policy(statement)})["TopicArn"]
    url = aws["sqs"].create_queue(QueueName=name)["QueueUrl"]
    queue = aws["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_topic_send = {**allow(queue, "sqs:SendMessage"), "Principal": {"Service": "sns.amazonaws.com"}}
    aws["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(let_topic_send)})
    aws["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    return topic, url


def test_an_alarm_rings_for_its_own_dimensions_and_tells_its_topic(aws: Clients) -> None:
    name = uuid.uuid4().hex
    topic, letters = topic_for(aws, name, "cloudwatch.amazonaws.com")
    create_alarm(aws, name, topic)

    put(aws, name, 9, of="that")
    end_minute(aws.endpoint)
    assert describe(aws, name)["StateValue"] == "OK"

    alarm = rung(aws, name, lambda: put(aws, name, 2, of="this"))

    assert "1 out of the last 1 datapoints [2.0" in alarm["StateReason"]
    message, *_ = eventually(lambda: aws["sqs"].receive_message(QueueUrl=letters).get("Messages", []))
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"]) == (name, "ALARM", "OK")


def test_an_alarm_does_not_notify_a_topic_whose_policy_names_another_service(aws: Clients) -> None:
    name = uuid.uuid4().hex
    topic, letters = topic_for(aws, name, "events.amazonaws.com")
    create_alarm(aws, name, topic)

    rung(aws, name, lambda: put(aws, name, 2, of="this"))

    assert "Messages" not in aws["sqs"].receive_message(QueueUrl=letters)
    history = aws["cloudwatch"].describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert {each["HistorySummary"] for each in history} == {f"Failed to execute action {topic}"}


def test_an_alarm_on_an_expression_rings_when_its_value_breaches(aws: Clients) -> None:
    name = uuid.uuid4().hex

    def metric(id_: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "Test", "MetricName": f"{name}-{id_}"}, "Period": 60, "Stat": "Sum"}
        return {"Id": id_, "MetricStat": stat, "ReturnData": False}

    properties = {
        "AlarmName": name,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 2,
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "missing", "Expression": "wanted - there"},
            {"Id": "there", "Expression": "FILL(running, 0)", "ReturnData": False},
            metric("wanted"),
            metric("running"),
        ],
    }
    deploy(aws, {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}})
    assert (describe(aws, name)["StateValue"], len(describe(aws, name)["Metrics"])) == ("OK", 4)

    assert rung(aws, name, lambda: put(aws, f"{name}-wanted", 3))


def find_function(cloud: LocalCloud, name: str) -> str:
    functions = cloud.client("lambda").get_paginator("list_functions").paginate()
    [found] = [each["FunctionName"] for page in functions for each in page["Functions"] if name in each["FunctionName"]]
    return str(found)


def test_what_breaks_rings_the_alarm_that_the_runbook_has_for_it(cloud: LocalCloud, maker: str) -> None:
    dead_letters, functions = cloud.outputs["IntakeDeadLetterQueueUrl"], cloud.client("lambda")
    broken = find_function(cloud, "ListJobs")
    handler = functions.get_function_configuration(FunctionName=broken)["Handler"]

    def ringing() -> set[str]:
        end_minute(cloud.endpoint)
        return {each.name for each in read_alarms(cloud) if each.state == "ALARM"}

    cloud.client("sqs").send_message(QueueUrl=dead_letters, MessageBody="not an order")
    functions.update_function_configuration(FunctionName=broken, Handler="no.handler")
    try:
        answers = [FrontEnd(cloud, maker).call("GET", "/v1/jobs") for _ in range(6)]
        assert all(each.is_server_error for each in answers)
        eventually(lambda: {"IntakeDeadLetters", "ServerErrors"} <= ringing())
    finally:
        functions.update_function_configuration(FunctionName=broken, Handler=handler)
        cloud.client("sqs").purge_queue(QueueUrl=dead_letters)

    assert "the API returns 5xx" in run("alarms", "--now", state_dir=cloud.state.path)


def test_the_alarm_on_a_silent_controller_rings_after_as_many_minutes_as_the_runbook_says(
    assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [file] = [each for each in assembly.glob("*.template.json") if "FleetUndecided" in each.read_text()]
    resources = json.loads(file.read_text())["Resources"]
    [properties] = [each["Properties"] for name, each in resources.items() if "FleetUndecided" in name]
    alarm = alarm_states.build_record("FleetUndecided", {**properties, "AlarmActions": [], "OKActions": []})
    dimensions = {"service": "control_fleet"}
    monkeypatch.setattr(cloudwatch, "_metrics", {})
    for second in range(0, 600, 20):
        record_metric("Craftspark/local", "FleetDecided", 1, "Count", dimensions, 6000.0 + second)

    states = []
    for minute in range(10, 16):  # the last decision is in the tenth minute
        evaluate(alarm, 6000.0 + 60 * minute)
        states.append(alarm["StateValue"])

    assert states == ["OK", "OK", "OK", "ALARM", "ALARM", "ALARM"]
    record_metric("Craftspark/local", "FleetDecided", 1, "Count", dimensions, 6000.0 + 60 * 15)
    evaluate(alarm, 6000.0 + 60 * 16)
    assert alarm["StateValue"] == "OK"
