"""SQS's rules for receipts, tenants, sizes and deliveries, in the local cloud."""

import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.emulator.patches.sqs import deliveries, fair_queues, locks
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from tests.e2e.waiting import eventually

HOURS_12 = 12 * 3600


@pytest.fixture
def sqs(aws: Clients) -> Any:
    return aws["sqs"]


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"])


def receive(sqs: Any, queue: str, hidden_s: int = 30, count: int = 10) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=queue, VisibilityTimeout=hidden_s, MaxNumberOfMessages=count, AttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


def receive_one(sqs: Any, queue: str, hidden_s: int = 30) -> dict[str, Any]:
    [message] = receive(sqs, queue, hidden_s)
    return message


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def error_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def name_of(queue: str) -> str:
    return queue.rpartition("/")[2]


def test_an_old_receipt_deletes_nothing_and_is_not_refused(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="order")
    first = receive_one(sqs, queue, hidden_s=0)
    second = receive_one(sqs, queue, hidden_s=0)

    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(receive(sqs, queue, hidden_s=0)) == ["order"]

    last = receive_one(sqs, queue)
    entries = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate((second, last))]
    assert len(sqs.delete_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 2
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=last["ReceiptHandle"])  # it is gone, and that is no error
    invalid = {"QueueUrl": queue, "ReceiptHandle": "of-nobody"}
    assert error_of(sqs.delete_message, **invalid) == "ReceiptHandleIsInvalid"


def test_a_message_that_is_visible_or_received_again_cannot_be_hidden(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="order")
    first = receive_one(sqs, queue, hidden_s=0)

    late = {"QueueUrl": queue, "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 60}
    assert error_of(sqs.change_message_visibility, **late) == "AWS.SimpleQueueService.MessageNotInflight"
    second = receive_one(sqs, queue)
    assert error_of(sqs.change_message_visibility, **late) == "InvalidParameterValue"
    entry = {"Id": "a", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 60}
    [failed] = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[entry])["Failed"]
    assert failed["Code"] == "InvalidParameterValue"

    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, queue)) == ["order"]


def test_a_message_is_hidden_for_12_hours_at_most(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="order")
    message = receive_one(sqs, queue)
    time.sleep(0.001)

    hide = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    sqs.change_message_visibility(**hide, VisibilityTimeout=HOURS_12 - 60)
    for seconds in (HOURS_12, HOURS_12 + 1):
        code = error_of(sqs.change_message_visibility, **hide, VisibilityTimeout=seconds)
        assert code == "InvalidParameterValue"


def test_a_struck_message_is_delivered_again_after_it_was_deleted(aws: Clients, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="order")

    with FaultSwitch(aws.endpoint).under(Fault("duplicate", name_of(queue), share=1)):
        first = receive_one(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    second = receive_one(sqs, queue)

    assert (second["Body"], second["MessageId"]) == ("order", first["MessageId"])
    # The copy does not know of the first receive.
    assert second["Attributes"]["ApproximateReceiveCount"] == "1"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"])
    assert receive(sqs, queue) == []


def test_a_struck_message_is_overtaken_by_later_ones(aws: Clients, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="first")
    began = time.monotonic()
    with FaultSwitch(aws.endpoint).under(Fault("delay", "sqs:SendMessage", share=1)):
        assert receive(sqs, queue) == []

    sqs.send_message(QueueUrl=queue, MessageBody="second")

    seen = bodies(receive(sqs, queue))
    assert seen == ["second"] or time.monotonic() - began >= deliveries.LATE_S
    if "first" not in seen:
        assert bodies(eventually(lambda: receive(sqs, queue))) == ["first"]


def test_a_struck_short_poll_finds_nothing(aws: Clients, sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="order")

    with FaultSwitch(aws.endpoint).under(Fault("delay", "sqs:ReceiveMessage", share=1)):
        assert receive(sqs, queue) == []

    assert bodies(receive(sqs, queue)) == ["order"]


def test_messages_of_quiet_tenants_come_before_those_of_a_noisy_one(sqs: Any, queue: str) -> None:
    def send(maker: str, count: int) -> None:
        for start in range(0, count, 10):
            entries = [
                {"Id": str(at), "MessageBody": maker, "MessageGroupId": maker}
                for at in range(start, min(start + 10, count))
            ]
            sqs.send_message_batch(QueueUrl=queue, Entries=entries)

    send("busy", 40)
    send("quiet", 2)

    handed = [body for _ in range(3) for body in bodies(receive(sqs, queue))]
    assert handed == ["busy"] * 30  # nobody is noisy with fewer than 30
    assert bodies(receive(sqs, queue)) == ["quiet"] * 2 + ["busy"] * 8


def test_a_queue_with_120_000_messages_in_flight_delivers_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_queues, "MAX_IN_FLIGHT", 3)
    asked: list[int] = []
    collect = fair_queues.extend_collect(lambda _, count, __: asked.append(count) or [])  # type: ignore[func-returns-value]
    held = [{"id": str(at), "receive_count": 1, "visible_at": time.time() + 60} for at in range(2)]
    queue = {"is_fifo": False, "messages": [*held, {"id": "waits", "receive_count": 0, "visible_at": 0.0}]}

    collect(queue, 10, 30)
    held.append({"id": "2", "receive_count": 1, "visible_at": time.time() + 60})
    collect({**queue, "messages": held}, 10, 30)

    assert asked == [1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"DelaySeconds": 901},
        {"MessageGroupId": "two words"},
        {"MessageGroupId": "x" * 129},
        {"MessageAttributes": {f"a{at}": {"DataType": "Number", "StringValue": "1"} for at in range(11)}},
        {
            "MessageBody": "x" * 1_048_570,
            "MessageAttributes": {"deferrals": {"DataType": "Number", "StringValue": "1"}},
        },
    ],
    ids=["delay", "group with a space", "long group", "11 attributes", "attributes over 1 MiB"],
)
def test_a_message_over_a_limit_is_refused(sqs: Any, queue: str, wrong: dict[str, Any]) -> None:
    assert error_of(sqs.send_message, **{"QueueUrl": queue, "MessageBody": "order"} | wrong) == "InvalidParameterValue"


def test_a_batch_over_1_mib_with_its_attributes_is_refused(sqs: Any, queue: str) -> None:
    attributes = {"deferrals": {"DataType": "Number", "StringValue": "1"}}
    entries = [{"Id": str(at), "MessageBody": "x" * 524_280, "MessageAttributes": attributes} for at in range(2)]

    code = error_of(sqs.send_message_batch, QueueUrl=queue, Entries=entries)

    assert code == "AWS.SimpleQueueService.BatchRequestTooLong"


@pytest.mark.parametrize("wrong", [{"WaitTimeSeconds": 21}, {"VisibilityTimeout": HOURS_12 + 1}])
def test_a_receive_over_a_limit_is_refused(sqs: Any, queue: str, wrong: dict[str, int]) -> None:
    assert error_of(sqs.receive_message, QueueUrl=queue, **wrong) == "InvalidParameterValue"


def test_what_changes_a_queue_holds_its_lock() -> None:
    held = locks.locked(lambda: locks.LOCK._is_owned())  # type: ignore[attr-defined]

    assert held()
    assert not locks.LOCK._is_owned()  # type: ignore[attr-defined]
    extended = {target.name for target in locks.PATCH.targets}
    assert {"_act_send_message", "_collect_msgs", "_delete_messages_for_esm", "_dlq_sweep"} <= extended
