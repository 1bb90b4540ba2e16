"""What follows a change in the gallery: hidden files and events, sums of likes, popular pictures, suspended makers."""

from functools import partial
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import DeadLetterQueue
from cdk_app.workflows.announcement import match_event
from craftspark.aws.gallery.gallery_items import PICTURE, STANDING
from craftspark.aws.gallery.likes_table import COUNT
from craftspark.aws.gallery.picture_bucket import HIDDEN
from craftspark.gallery.events import MakerStandingChanged
from craftspark.settings.gallery import FileSettings, RecordSettings
from stacks.data import DataStack

FOLLOW_TIMEOUT = Duration.seconds(30)
# It hides about 20 pictures per second, and Lambda starts it three times.
STANDING_TIMEOUT = Duration.minutes(5)
SNAPSHOT_TIMEOUT = Duration.seconds(50)  # it runs every minute
RETRIES = 10  # an event that is lost leaves a picture in the search, or in a cache


class GalleryStack(Stack):
    """The consumers of the gallery's stream, of which DynamoDB serves two, and a schedule."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._records = stage, data.gallery_records
        self._settings = RecordSettings(gallery_table=data.gallery_records.table.table_name)
        # What none of the functions could handle, for a person.
        self.unsettled = DeadLetterQueue(self, "UnsettledGallery")
        bus = events.EventBus.from_event_bus_name(self, "Bus", "default")
        files = FileSettings(gallery_bucket=data.gallery.bucket_name)
        shown, hidden = "pictures/*", f"{HIDDEN}*"
        bucket = data.gallery
        drop = (
            partial(bucket.grant_delete, objects_key_pattern=shown),
            partial(bucket.grant_delete, objects_key_pattern=hidden),
        )
        hide = (
            partial(bucket.grant_read, objects_key_pattern=shown),
            partial(bucket.grant_put, objects_key_pattern=hidden),
        )
        bring_back = (
            *(partial(bucket.grant_read, objects_key_pattern=pattern) for pattern in (shown, hidden)),
            partial(bucket.grant_put, objects_key_pattern=shown),
        )
        self._follow(
            "Announce",
            "announce_pictures",
            Access(settings=(files,), grants=(bus.grant_put_events_to, *hide, *drop)),
            items=(PICTURE, STANDING),
        )
        # Likes of one picture within a second are one sum.
        self._follow(
            "SumLikes",
            "sum_likes",
            Access(settings=(self._settings,), grants=(self._records.grant_rank,)),
            items=(COUNT,),
            window=Duration.seconds(1),
        )
        self._list_popular()
        self._apply_standing(data, Access(settings=(files,), grants=(*bring_back, *drop)))

    def _follow(
        self,
        construct_id: str,
        name: str,
        access: Access,
        *,
        items: tuple[str, ...],
        window: Duration = Duration.seconds(0),  # noqa: B008 - a constant
    ) -> None:
        """A function that gets each change of the items with these sort keys."""
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
                on_failure=sources.SqsDlq(self.unsettled),
                filters=[
                    lambda_.FilterCriteria.filter({"dynamodb": {"Keys": {"item": {"S": list(items)}}}}),
                ],
            )
        )

    def _list_popular(self) -> None:
        function = PythonFunction(
            self,
            "SnapshotPopular",
            name="snapshot_popular",
            stage=self._stage,
            timeout=SNAPSHOT_TIMEOUT,
            access=Access(settings=(self._settings,), grants=(self._records.grant_list_popular,)),
            dead_letters=self.unsettled,
        ).function
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            # The next minute makes a newer one.
            targets=[targets.LambdaFunction(function, dead_letter_queue=self.unsettled, retry_attempts=0)],
        )

    def _apply_standing(self, data: DataStack, files: Access) -> None:
        function = PythonFunction(
            self,
            "ApplyStanding",
            name="apply_standing",
            stage=self._stage,
            timeout=STANDING_TIMEOUT,
            access=Access(settings=(self._settings,), grants=(self._records.grant_apply_standing,)) + files,
            dead_letters=self.unsettled,
        ).function
        events.Rule(
            self,
            "StandingChanged",
            event_pattern=match_event(MakerStandingChanged),
            targets=[targets.LambdaFunction(function, dead_letter_queue=self.unsettled)],
        )
