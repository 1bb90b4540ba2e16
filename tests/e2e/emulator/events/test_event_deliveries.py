"""EventBridge's rules for entries, retries, dead letters and repeated deliveries, in the local cloud."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.emulator.patches.eventbridge import deliveries, entries
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCOUNT, REGION
from tests.e2e.emulator.executions import state_machines
from tests.e2e.emulator.roles import allow, let_events_send, role
from tests.e2e.waiting import eventually

WAIT_S = 5


@dataclass(frozen=True)
class Rule:
    """A rule for events of a source of its name, and the queues of its target and of its dead letters."""

    aws: Clients
    name: str
    queue: str
    dead: str

    @classmethod
    def create(cls, aws: Clients, *, arn: str | None = None, policy: Mapping[str, int] | None = None) -> "Rule":
        name, queue, dead = f"rule-{uuid.uuid4().hex[:8]}", state_machines.queue(aws), state_machines.queue(aws)
        rule = aws["events"].put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
        target: dict[str, Any] = {
            "Id": "queue",
            "Arn": arn or let_events_send(aws, queue, rule),
            "DeadLetterConfig": {"Arn": let_events_send(aws, dead, rule)},
        }
        aws["events"].put_targets(Rule=name, Targets=[target | ({"RetryPolicy": policy} if policy else {})])
        return cls(aws, name, queue, dead)

    def put(self, **changes: Any) -> dict[str, Any]:
        entry = {"Source": self.name, "DetailType": "Drill", "Detail": "{}"} | changes
        answer: dict[str, Any] = self.aws["events"].put_events(Entries=[entry])
        return answer

    def received(self, queue: str, wait_s: int = 0) -> list[dict[str, Any]]:
        answer = self.aws["sqs"].receive_message(
            QueueUrl=queue, WaitTimeSeconds=wait_s, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", []))

    def first(self, queue: str) -> list[dict[str, Any]]:
        """The messages of a queue, as soon as there are some."""
        return eventually(lambda: self.received(queue, WAIT_S))

    def dead_letter(self) -> dict[str, str]:
        [message] = self.first(self.dead)
        return {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}


def test_a_struck_event_is_retried_until_its_target_takes_it(aws: Clients) -> None:
    rule = Rule.create(aws)

    with FaultSwitch(aws.endpoint).under(Fault("throttle", rule.name, share=1)):
        rule.put()
        assert rule.received(rule.queue) == []

    assert len(rule.first(rule.queue)) == 1
    assert rule.received(rule.dead) == []


def test_an_event_is_a_dead_letter_after_the_retries_of_its_target(aws: Clients) -> None:
    rule = Rule.create(aws, policy={"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60})

    with FaultSwitch(aws.endpoint).under(Fault("throttle", rule.name, share=1)):
        rule.put()
        letter = rule.dead_letter()

    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == ("THROTTLING", "1")
    assert letter["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert rule.received(rule.queue) == []


def test_an_event_for_a_target_that_does_not_exist_is_a_dead_letter(aws: Clients) -> None:
    missing = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nobodys"
    rule = Rule.create(aws, arn=missing)

    rule.put()

    letter = rule.dead_letter()
    assert (letter["ERROR_CODE"], letter["TARGET_ARN"]) == ("NO_RESOURCE", missing)
    assert letter["RULE_ARN"].endswith(f"/{rule.name}")


def test_a_struck_event_is_delivered_twice(aws: Clients) -> None:
    rule = Rule.create(aws)

    with FaultSwitch(aws.endpoint).under(Fault("duplicate", rule.name, share=1)):
        rule.put()

    first, second = rule.received(rule.queue)
    assert json.loads(first["Body"])["id"] == json.loads(second["Body"])["id"]


def test_a_struck_event_is_late(aws: Clients) -> None:
    rule, began = Rule.create(aws), time.monotonic()

    with FaultSwitch(aws.endpoint).under(Fault("delay", rule.name, share=1)):
        rule.put()
        seen = rule.received(rule.queue)

    assert not seen or time.monotonic() - began >= deliveries.LATE_S
    assert len(seen or rule.first(rule.queue)) == 1


def test_entries_over_1_mb_are_refused(aws: Clients) -> None:
    rule = Rule.create(aws)

    with pytest.raises(ClientError, match="Total size of the entries in the request is over the limit"):
        rule.put(Detail=json.dumps({"text": "x" * entries.MAX_BYTES}))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Detail": "no JSON"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"DetailType": ""}, "InvalidArgument"),
    ],
)
def test_an_incomplete_entry_fails_alone(aws: Clients, wrong: dict[str, str], code: str) -> None:
    rule = Rule.create(aws)
    good = {"Source": rule.name, "DetailType": "Drill", "Detail": "{}"}

    answer = aws["events"].put_events(Entries=[good | wrong, good])

    assert (answer["FailedEntryCount"], answer["Entries"][0]["ErrorCode"]) == (1, code)
    assert "EventId" in answer["Entries"][1]
    assert len(rule.received(rule.queue)) == 1


def test_a_state_machine_puts_its_detail_as_an_object(aws: Clients) -> None:
    rule = Rule.create(aws)
    entry = {"Source": rule.name, "DetailType": "Drill", "Detail": {"job": "a"}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Arguments": {"Entries": [entry]}}
    machine = {"StartAt": "Announce", "States": {"Announce": task | {"End": True}}}
    puts = role(aws, "states", allow("*", "events:PutEvents"))

    done = state_machines.ended(aws, state_machines.start(aws, machine, role_arn=puts))

    assert done["status"] == "SUCCEEDED", done
    [message] = rule.received(rule.queue)
    assert json.loads(message["Body"])["detail"] == {"job": "a"}
