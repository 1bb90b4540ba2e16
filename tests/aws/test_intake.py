import json

import boto3

from craftspark.aws import clients
from craftspark.aws.orchestration.intake import IntakeQueue


def test_a_maker_is_a_message_group_however_long_the_id_is(intake_queue: str) -> None:
    queue = IntakeQueue(client=clients.sqs(), url=intake_queue)

    queue.send({"job_id": "a"}, maker="m" * 255)

    message = boto3.client("sqs").receive_message(
        QueueUrl=intake_queue, MessageSystemAttributeNames=["MessageGroupId"]
    )["Messages"][0]
    assert json.loads(message["Body"]) == {"job_id": "a"}
    assert message["Attributes"]["MessageGroupId"] == "m" * 128
