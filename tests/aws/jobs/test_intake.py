from craftspark.aws import clients
from craftspark.aws.orchestration.intake import IntakeQueue
from craftspark.jobs.batches import JobOrder
from tests.aws.conftest import client_of


def test_a_maker_is_a_message_group_however_long_the_id_is(intake_queue: str) -> None:
    queue = IntakeQueue(client=clients.sqs(), url=intake_queue)
    order = JobOrder(
        job_id="a", maker="m" * 255, tool="picture", lane="bulk", pool="draw", queued=False, work_s=1.0, batches=()
    )

    queue.send(order)

    message = client_of("sqs").receive_message(QueueUrl=intake_queue, MessageSystemAttributeNames=["MessageGroupId"])[
        "Messages"
    ][0]
    assert JobOrder.parse(message["Body"]) == order
    assert message["Attributes"]["MessageGroupId"] == "m" * 128
