"""What follows a change in the gallery: events about pictures, sums of likes, and the lists of popular pictures."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import DeadLetterQueue
from craftspark.aws.gallery.gallery_items import PICTURE
from craftspark.aws.gallery.likes_table import COUNT
from craftspark.settings.gallery import RecordSettings
from stacks.data import DataStack

FOLLOW_TIMEOUT = Duration.seconds(30)
SNAPSHOT_TIMEOUT = Duration.seconds(50)  # it runs every minute
RETRIES = 10  # an event that is lost leaves a picture in the search, or in a cache


class GalleryStack(Stack):
    """The consumers of the gallery's stream, of which DynamoDB serves two, and a schedule."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._records = stage, data.gallery_records
        self._settings = RecordSettings(gallery_table=data.gallery_records.table.table_name)
        bus = events.EventBus.from_event_bus_name(self, "Bus", "default")
        self._follow(
            "Announce",
            "announce_pictures",
            Access(grants=(bus.grant_put_events_to,)),
            item=PICTURE,
            letters="UnsentPictureEvents",
        )
        # Likes of one picture within a second are one sum.
        self._follow(
            "SumLikes",
            "sum_likes",
            Access(settings=(self._settings,), grants=(self._records.grant_rank,)),
            item=COUNT,
            letters="UnsummedLikes",
            window=Duration.seconds(1),
        )
        self._list_popular()

    def _follow(
        self,
        construct_id: str,
        name: str,
        access: Access,
        *,
        item: str,
        letters: str,
        window: Duration = Duration.seconds(0),  # noqa: B008 - a constant
    ) -> None:
        """A function that gets each change of the items with this sort key."""
        dead = DeadLetterQueue(self, letters)
        acknowledge(dead, "It holds the dead letters of a stream, not of a queue.", "AwsSolutions-SQS3")
        function = PythonFunction(
            self, construct_id, name=name, stage=self._stage, timeout=FOLLOW_TIMEOUT, access=access
        ).function
        function.add_event_source(
            sources.DynamoEventSource(
                self._records.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                max_batching_window=window,
                bisect_batch_on_error=True,
                retry_attempts=RETRIES,
                on_failure=sources.SqsDlq(dead),
                filters=[
                    lambda_.FilterCriteria.filter(
                        {"dynamodb": {"Keys": {"item": {"S": lambda_.FilterRule.is_equal(item)}}}}
                    )
                ],
            )
        )

    def _list_popular(self) -> None:
        unmade = DeadLetterQueue(self, "UnmadeSnapshots")
        function = PythonFunction(
            self,
            "SnapshotPopular",
            name="snapshot_popular",
            stage=self._stage,
            timeout=SNAPSHOT_TIMEOUT,
            access=Access(settings=(self._settings,), grants=(self._records.grant_list_popular,)),
            dead_letters=unmade,
        ).function
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            # The next minute makes a newer one.
            targets=[targets.LambdaFunction(function, dead_letter_queue=unmade, retry_attempts=0)],
        )
