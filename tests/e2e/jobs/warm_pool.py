"""The warm workers of the pool `draw`, and the messages that wait for them."""

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.waiting import eventually


def start_workers(cloud: LocalCloud, number: int) -> None:
    cloud.client("ecs").update_service(
        cluster=cloud.outputs["ClusterName"], service=cloud.outputs["DrawWarmPoolServiceName"], desiredCount=number
    )
    eventually(lambda: len(cloud.workers()) == number)


def waiting(cloud: LocalCloud, queue: str) -> tuple[int, int]:
    """How many messages of the queue are visible, and how many are in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.outputs[queue], AttributeNames=names)
    visible, hidden = (int(answer["Attributes"][name]) for name in names)
    return visible, hidden
