"""What happens after a change in the gallery: the events about pictures that become public or stop being public."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import DeadLetterQueue
from craftspark.aws.gallery.gallery_table import PICTURE
from stacks.data import DataStack

ANNOUNCE_TIMEOUT = Duration.seconds(30)
RETRIES = 10  # an event that is lost leaves a picture in the search, or in a cache


class GalleryStack(Stack):
    """From the stream of the gallery's table to the event bus."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self.unsent = DeadLetterQueue(self, "UnsentPictureEvents")
        acknowledge(self.unsent, "It holds the dead letters of a stream, not of a queue.", "AwsSolutions-SQS3")
        bus = events.EventBus.from_event_bus_name(self, "Bus", "default")
        announce = PythonFunction(
            self,
            "Announce",
            name="announce_pictures",
            stage=stage,
            timeout=ANNOUNCE_TIMEOUT,
            access=Access(grants=(bus.grant_put_events_to,)),
        ).function
        announce.add_event_source(
            sources.DynamoEventSource(
                data.gallery_records.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                max_batching_window=Duration.seconds(0),
                bisect_batch_on_error=True,
                retry_attempts=RETRIES,
                on_failure=sources.SqsDlq(self.unsent),
                filters=[
                    lambda_.FilterCriteria.filter(
                        {"dynamodb": {"Keys": {"item": {"S": lambda_.FilterRule.is_equal(PICTURE)}}}}
                    )
                ],
            )
        )
