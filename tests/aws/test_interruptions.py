"""Notices of EC2 and stopped tasks, on canned answers of ECS and on moto."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from craftspark.aws import clients
from craftspark.aws.fleet.taken_batches import ReturnedBatches, TakenBatches
from craftspark.aws.fleet.work import WorkIndex
from craftspark.aws.items import job_key
from craftspark.aws.jobs.speed import partition
from craftspark.contracts import ContractBroken
from craftspark.fleet.interruptions.notices import NoticeKind
from craftspark.fleet.interruptions.task_ends import TakenBatch
from craftspark.settings.interruptions import NoticeSettings, TaskEndSettings
from craftspark.settings.tasks import BatchLaunch
from lambdas.drain_instance import handler as drain_instance
from lambdas.settle_task import handler as settle_task
from tests.aws.api import Context
from tests.aws.conftest import JOBS, client_of
from tests.aws.worker.gpu_worker import Tokens, counts

CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/fleet"
INSTANCE, EC2 = "arn:aws:ecs:us-east-1:123456789012:container-instance/fleet/abc", "i-1234567890abcdef0"
TASK, OTHER = (f"arn:aws:ecs:us-east-1:123456789012:task/fleet/{name}" for name in ("one", "two"))
POOL, GROUP = "draw", "draw-spot-group"
NO_CAPACITY = (
    "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that matches "
    "your request. Launching EC2 instance failed."
)


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)


@dataclass
class FakeEcs:
    """Answers as ECS does, with the fields that its documentation shows."""

    instances: Sequence[Mapping[str, Any]] = ()
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def list_container_instances(self, *, cluster: str, filter: str) -> Any:  # noqa: A002 - boto3's name
        found = [each for each in self.instances if filter == f"ec2InstanceId == {each['ec2InstanceId']}"]
        return {"containerInstanceArns": [each["containerInstanceArn"] for each in found]}

    def describe_container_instances(self, *, cluster: str, containerInstances: list[str]) -> Any:  # noqa: N803
        found = [each for each in self.instances if each["containerInstanceArn"] in containerInstances]
        return {"containerInstances": found, "failures": []}

    def update_container_instances_state(self, *, cluster: str, containerInstances: list[str], status: str) -> Any:  # noqa: N803
        self.calls.append(f"{status} {containerInstances[0]}")
        if containerInstances[0] in self.gone:
            raise refusal("InvalidParameterException", "UpdateContainerInstancesState")
        return {"containerInstances": [{"status": status}], "failures": []}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_tasks"
        return self

    def paginate(self, *, cluster: str, containerInstance: str, desiredStatus: str) -> Iterator[Any]:  # noqa: N803
        for arn in self.tasks:
            yield {"taskArns": [arn]}

    def stop_task(self, *, cluster: str, task: str, reason: str) -> Any:
        self.calls.append(f"stop {task}: {reason}")
        if task in self.gone:
            raise refusal("InvalidParameterException", "StopTask")
        return {"task": {"taskArn": task}}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> Any:
        self.calls.append(f"describe {tasks[0]}")
        return {"tasks": [self.tasks[arn] for arn in tasks if arn in self.tasks], "failures": []}


def an_instance(**changes: Any) -> dict[str, Any]:
    attributes = {"ecs.availability-zone": "us-east-1b", "ecs.instance-type": "g6.xlarge", "ecs.os-type": "linux"}
    return {
        "containerInstanceArn": INSTANCE,
        "ec2InstanceId": EC2,
        "capacityProviderName": "draw-spot",
        "status": "ACTIVE",
        "attributes": [{"name": name, "value": value} for name, value in attributes.items()] + [{"name": "gpu"}],
        **changes,
    }


@pytest.fixture
def ecs(tables: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEcs]:
    ecs = FakeEcs(instances=[an_instance()])
    monkeypatch.setattr(clients, "ecs", lambda: ecs)
    providers = json.dumps({"draw-spot": POOL, "draw-on-demand": POOL})
    for settings in (
        NoticeSettings(
            jobs_table=JOBS, cluster="fleet", capacity_providers=providers, spot_groups=json.dumps({GROUP: POOL})
        ),
        TaskEndSettings(jobs_table=JOBS),
    ):
        for name, value in settings.to_environment().items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Craftspark")
    caches = (drain_instance.parts, settle_task.parts, settle_task.events)
    for each in caches:
        each.cache_clear()
    yield ecs
    for each in caches:
        each.cache_clear()


def notify(kind: NoticeKind, *, event_id: str = "event-1", instance_id: str = EC2) -> None:
    """Invoke the function as the rule does."""
    drain_instance.handler({"event_id": event_id, "kind": str(kind), "instance_id": instance_id}, Context())


def totals() -> dict[str, int]:
    """The totals for the instance's zone and family."""
    key = job_key(partition(POOL), "market#us-east-1b#g6")
    item = client_of("dynamodb").get_item(TableName=JOBS, Key=key).get("Item", {})
    return {name: int(item[name]["N"]) for name in ("notices", "recommendations") if name in item}


def test_an_interrupted_instance_drains_and_all_its_tasks_get_a_signal(ecs: FakeEcs) -> None:
    ecs.tasks = {TASK: {}, OTHER: {}}

    notify(NoticeKind.INTERRUPTION)

    reason = f"spot interruption of {EC2}"
    assert ecs.calls == [f"DRAINING {INSTANCE}", f"stop {TASK}: {reason}", f"stop {OTHER}: {reason}"]
    assert totals() == {"notices": 1}


def test_a_task_or_an_instance_that_ends_meanwhile_is_no_failure(ecs: FakeEcs) -> None:
    ecs.tasks, ecs.gone = {TASK: {}, OTHER: {}}, {INSTANCE, TASK}

    notify(NoticeKind.INTERRUPTION)

    assert [call.partition(": ")[0] for call in ecs.calls] == [f"DRAINING {INSTANCE}", f"stop {TASK}", f"stop {OTHER}"]
    assert totals() == {"notices": 1}


def test_a_refusal_that_may_pass_is_raised_for_the_next_attempt(ecs: FakeEcs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise refusal("ThrottlingException", "StopTask")

    ecs.tasks = {TASK: {}}
    monkeypatch.setattr(ecs, "stop_task", refuse)

    with pytest.raises(ClientError, match="ThrottlingException"):
        notify(NoticeKind.INTERRUPTION)


def test_each_event_counts_once_however_often_it_comes(ecs: FakeEcs) -> None:
    for event_id in ("event-1", "event-1", "event-2"):
        notify(NoticeKind.INTERRUPTION, event_id=event_id)
    notify(NoticeKind.REBALANCE, event_id="event-3")

    assert totals() == {"notices": 2, "recommendations": 1}


def test_a_recommendation_lets_the_instance_work(ecs: FakeEcs) -> None:
    ecs.tasks = {TASK: {}}

    notify(NoticeKind.REBALANCE)

    assert ecs.calls == []
    assert totals() == {"recommendations": 1}


@pytest.mark.parametrize(
    "instance", [None, an_instance(capacityProviderName="another"), an_instance(ec2InstanceId="i")]
)
def test_instances_of_others_are_left_alone(ecs: FakeEcs, instance: dict[str, Any] | None) -> None:
    ecs.instances, ecs.tasks = [instance] if instance else [], {TASK: {}}

    notify(NoticeKind.INTERRUPTION)

    assert ecs.calls == []
    assert totals() == {}


def a_failed_launch(*, event_id: str = "event-1", group: str = GROUP, **detail: Any) -> dict[str, Any]:
    """The event of EC2 Auto Scaling, with the fields that its documentation shows."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "EC2 Instance Launch Unsuccessful",
        "source": "aws.autoscaling",
        "account": "123456789012",
        "time": "2026-11-26T12:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:id:autoScalingGroupName/{group}"],
        "detail": {
            "StatusCode": "Failed",
            "AutoScalingGroupName": group,
            "ActivityId": "87654321-4321-4321-4321-210987654321",
            "Details": {"Availability Zone": "us-east-1b", "Subnet ID": "subnet-12345678"},
            "RequestId": "12345678-1234-1234-1234-123456789012",
            "StatusMessage": NO_CAPACITY,
            "EndTime": "2026-11-26T12:00:00Z",
            "EC2InstanceId": "",
            "StartTime": "2026-11-26T12:00:00Z",
            "Cause": "At 2026-11-26T12:00:00Z an instance was started in response to a difference between desired and "
            "actual capacity, increasing the capacity from 0 to 1.",
            **detail,
        },
    }


def failed(*zones: str) -> list[float | None]:
    """The totals of failed launches as the controller reads them."""
    counters = WorkIndex(client=clients.dynamodb(), jobs_table=JOBS).read(POOL, 0.0).counters
    return [counters.failed.get(zone) for zone in zones]


def test_a_failed_launch_counts_once_in_its_zone(ecs: FakeEcs, caplog: pytest.LogCaptureFixture) -> None:
    for event_id in ("event-1", "event-1", "event-2"):
        drain_instance.handler(a_failed_launch(event_id=event_id), Context())
    drain_instance.handler(a_failed_launch(event_id="event-3", Details={}), Context())

    assert failed("us-east-1b", "us-east-1a", "") == [2, None, 1]
    assert sum(getattr(record, "SpotLaunchFailed", 0) for record in caplog.records) == 3
    assert {getattr(record, "reason", None) for record in caplog.records} == {NO_CAPACITY}


def test_a_failed_launch_of_another_group_is_left_out(ecs: FakeEcs) -> None:
    drain_instance.handler(a_failed_launch(group="draw-on-demand-group"), Context())

    assert failed("us-east-1b") == [None]


def test_an_event_about_a_launch_without_a_group_is_kept_as_a_dead_letter(ecs: FakeEcs) -> None:
    event = a_failed_launch()
    del event["detail"]["AutoScalingGroupName"]

    with pytest.raises(ContractBroken, match="AutoScalingGroupName"):
        drain_instance.handler(event, Context())


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    tokens = Tokens()
    monkeypatch.setattr(clients, "stepfunctions", lambda: tokens)
    return tokens


def a_detail(token: str | None = "token-1", **changes: Any) -> dict[str, Any]:
    """The detail of an "ECS Task State Change" event."""
    launch = BatchLaunch(task_token=token or "", batch="{}", requested_at="2030-01-01T12:00:00Z").to_environment()
    environment = [{"name": name, "value": value} for name, value in launch.items()]
    override = {"name": "Worker", **({"environment": environment} if token else {})}
    return {
        "clusterArn": CLUSTER,
        "containers": [{"name": "Worker", "lastStatus": "STOPPED", "exitCode": 137}],
        "desiredStatus": "STOPPED",
        "group": "family:Craftspark-Dev-Rendering-Draw",
        "lastStatus": "STOPPED",
        "overrides": {"containerOverrides": [override]},
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "taskArn": TASK,
        **changes,
    }


def test_a_launched_task_that_was_killed_fails_its_token(ecs: FakeEcs, tokens: Tokens) -> None:
    settle_task.handler(a_detail(), Context())

    assert tokens.answers == [("token-1", "WorkerLost", "exit code 137: Essential container in task exited")]
    assert ecs.calls == []  # the event has the token


def test_a_task_whose_image_cannot_be_pulled_fails_its_token_by_its_reason(ecs: FakeEcs, tokens: Tokens) -> None:
    reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s)"

    settle_task.handler(
        a_detail(containers=[{"name": "Worker"}], stopCode="TaskFailedToStart", stoppedReason=reason), Context()
    )

    assert tokens.answers == [("token-1", "WorkerBroken", f"TaskFailedToStart: {reason}")]


def test_a_task_of_a_terminated_instance_continues_elsewhere(ecs: FakeEcs, tokens: Tokens) -> None:
    reason = f"Host EC2 (instance {EC2}) terminated."

    settle_task.handler(
        a_detail(containers=[{"name": "Worker"}], stopCode="TerminationNotice", stoppedReason=reason), Context()
    )

    assert tokens.answers == [("token-1", "SpotInterrupted", f"TerminationNotice: {reason}")]


def test_the_token_is_asked_for_if_the_event_has_none(ecs: FakeEcs, tokens: Tokens) -> None:
    ecs.tasks = {TASK: {"overrides": a_detail()["overrides"]}}

    settle_task.handler(a_detail(token=None), Context())

    assert ecs.calls == [f"describe {TASK}"]
    assert [answer[0] for answer in tokens.answers] == ["token-1"]


def test_a_task_that_ecs_has_forgotten_has_no_token(ecs: FakeEcs, tokens: Tokens) -> None:
    settle_task.handler(a_detail(token=None), Context())

    assert tokens.answers == []


def test_an_answered_token_is_success(ecs: FakeEcs, tokens: Tokens) -> None:
    tokens.forgotten.add("token-1")

    settle_task.handler(a_detail(), Context())

    assert tokens.answers == []


def a_queue(name: str, messages: int) -> list[TakenBatch]:
    """A queue whose messages a worker has taken."""
    sqs = client_of("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for number in range(messages):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)["Messages"]
    return [TakenBatch(queue_url=url, receipt=each["ReceiptHandle"]) for each in received]


def test_batches_of_both_queues_are_visible_as_soon_as_their_worker_is_gone(ecs: FakeEcs, tokens: Tokens) -> None:
    interactive, bulk = a_queue("interactive", 2), a_queue("bulk", 1)
    TakenBatches(client=clients.dynamodb(), jobs_table=JOBS).write(TASK, [*interactive, *bulk])

    settle_task.handler(a_detail(token=None, group="service:warm"), Context())

    assert counts(interactive[0].queue_url) == (2, 0)
    assert counts(bulk[0].queue_url) == (1, 0)
    assert ecs.calls == []  # a service's task has no token


def test_answered_batches_stay_answered(ecs: FakeEcs, tokens: Tokens) -> None:
    answered, open_ = a_queue("interactive", 2)
    TakenBatches(client=clients.dynamodb(), jobs_table=JOBS).write(TASK, [answered, open_])
    client_of("sqs").delete_message(QueueUrl=answered.queue_url, ReceiptHandle=answered.receipt)

    for _ in range(2):  # an event can come twice
        settle_task.handler(a_detail(), Context())

    assert counts(open_.queue_url) == (1, 0)


def test_an_event_that_comes_again_takes_no_batch_from_the_next_worker(
    ecs: FakeEcs, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS does not say that it refuses an older receipt, so the function must not use one."""
    [batch] = a_queue("interactive", 1)
    TakenBatches(client=clients.dynamodb(), jobs_table=JOBS).write(TASK, [batch])
    settle_task.handler(a_detail(), Context())
    released: list[TakenBatch] = []
    monkeypatch.setattr(ReturnedBatches, "release", lambda _, again: released.append(again))

    settle_task.handler(a_detail(), Context())

    assert released == []


def test_batches_of_other_tasks_stay_hidden(ecs: FakeEcs, tokens: Tokens) -> None:
    [batch] = a_queue("interactive", 1)
    TakenBatches(client=clients.dynamodb(), jobs_table=JOBS).write(OTHER, [batch])

    settle_task.handler(a_detail(), Context())

    assert counts(batch.queue_url) == (0, 1)
