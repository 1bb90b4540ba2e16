"""Calls are counted by quota, as an account of AWS would count them."""

from typing import Any

import pytest

from local_cloud.emulator.quotas.use import QuotaUse, find_call

STARTS, ANSWERS = "Step Functions: StartExecution", "Step Functions: SendTaskSuccess"
WRITES = "DynamoDB: write units of a new table"
FUNCTIONS = "Lambda: concurrent executions"


class Clock:
    """Shows the time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read(use: QuotaUse, quota: str) -> dict[str, float]:
    """All use of a quota, and its peak."""
    return {name: value for name, value in use.report()[quota].items() if name != "of"}


def test_the_busiest_second_is_the_peak() -> None:
    clock = Clock()
    use = QuotaUse(clock)

    for second, calls in ((100.2, 2), (100.9, 3), (101.0, 4), (160.5, 1)):
        clock.now = second
        for _ in range(calls):
            use.count("states:StartExecution")

    assert read(use, STARTS) == {"used": 10, "peak": 5}
    assert read(use, ANSWERS) == {"used": 0, "peak": 0}


def test_actions_of_one_quota_count_together() -> None:
    use = QuotaUse(Clock())

    for action in ("RunTask", "StopTask", "UpdateContainerInstancesState"):
        use.count(f"ecs:{action}")
    use.count("ecs:RegisterTaskDefinition")

    assert read(use, "ECS: changes of tasks and instances") == {"used": 3, "peak": 3}


def test_the_busiest_table_counts() -> None:
    use = QuotaUse(Clock())

    use.count("dynamodb:WriteUnits", 3, of="jobs")
    use.count("dynamodb:WriteUnits", 2.5, of="jobs")
    use.count("dynamodb:WriteUnits", 4, of="accounts")

    assert read(use, WRITES) == {"used": 5.5, "peak": 5.5}
    assert use.report()[WRITES]["of"] == {"jobs": 5.5, "accounts": 4}


def test_a_level_has_what_is_held_at_the_same_time_and_for_how_long() -> None:
    clock = Clock()
    use = QuotaUse(clock)

    with use.hold("lambda:Invoke"):
        clock.now += 2
        with use.hold("lambda:Invoke"):
            clock.now += 1
    with use.hold("lambda:Invoke"):
        clock.now += 1

    assert read(use, FUNCTIONS) == {"used": 5, "peak": 2}


@pytest.mark.parametrize(
    ("kind", "path", "target", "call"),
    [
        ("http", "/", "AWSStepFunctions.StartExecution", "states:StartExecution"),
        ("http", "/", "AmazonEC2ContainerServiceV20141113.RunTask", "ecs:RunTask"),
        ("http", "/", "AWSEvents.PutEvents", "events:PutEvents"),
        ("http", "/", "AmazonSQS.SendMessage", None),
        ("http", "/bucket/key", None, None),
        ("http", "/_aws/execute-api/1a2b3c4d/$default/v1/jobs", None, "execute-api:Invoke"),
        ("http", "/_aws/execute-api/1a2b3c4d/live/@connections/5e6f", None, "execute-api:Invoke"),
        ("websocket", "/_aws/execute-api/1a2b3c4d/live", None, "execute-api:Connect"),
        ("lifespan", "", None, None),
    ],
)
def test_a_request_is_known_by_its_header_or_its_path(kind: str, path: str, target: str | None, call: str) -> None:
    headers = [(b"host", b"localhost"), *([(b"x-amz-target", target.encode())] if target else [])]
    scope: dict[str, Any] = {"type": kind, "path": path, "headers": headers}

    assert find_call(scope) == call
