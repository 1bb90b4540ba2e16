"""The search in the gallery: the indexes of pictures, and what keeps them up to date."""

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
from cdk_app.storage.picture_indexes import PictureIndexes
from cdk_app.storage.work_queue import DeadLetterQueue, WorkQueue
from craftspark.gallery.events import PictureHidden, PictureShown
from craftspark.settings.gallery import FillingSettings, IndexingSettings
from stacks.data import DataStack

# The clients' attempts at each call and the pictures of a batch fit into it.
INDEX_TIMEOUT = Duration.seconds(60)
BATCH = 10  # pictures, which are written into an index together
AT_ONCE = 10  # functions; each handles about 15 pictures per second
FILL_EVERY = Duration.minutes(1)


class SearchStack(Stack):
    """From the events about pictures to the indexes."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._data = stage, data
        self.indexes = PictureIndexes(self, "Indexes")
        self.unsent = DeadLetterQueue(self, "UnsentPictureChanges")
        self.changes = WorkQueue(
            self,
            "PictureChanges",
            visibility=Duration.seconds(6 * INDEX_TIMEOUT.to_seconds()),
            retention=Duration.days(4),
            late_after=Duration.hours(1),
        )
        events.Rule(
            self,
            "Changed",
            event_pattern=events.EventPattern(
                source=[PictureShown.source], detail_type=[PictureShown.detail_type(), PictureHidden.detail_type()]
            ),
            targets=[targets.SqsQueue(self.changes.queue, dead_letter_queue=self.unsent)],
        )
        self._index_pictures()
        self._fill_indexes()

    @property
    def _arns(self) -> str:
        return " ".join(self.indexes.arns)

    def _index_pictures(self) -> None:
        records, files = self._data.gallery_records, self._data.gallery
        settings = IndexingSettings(
            gallery_table=records.table.table_name, vector_index_arns=self._arns, gallery_bucket=files.bucket_name
        )
        index = self._create_function(
            "Index",
            "index_pictures",
            Access(
                settings=(settings,),
                grants=(
                    records.grant_show,
                    partial(files.grant_read, objects_key_pattern="pictures/*"),
                    self.indexes.grant_index,
                ),
            ),
        )
        index.add_event_source(
            sources.SqsEventSource(
                self.changes.queue, batch_size=BATCH, max_concurrency=AT_ONCE, report_batch_item_failures=True
            )
        )

    def _fill_indexes(self) -> None:
        records, queue = self._data.gallery_records, self.changes.queue
        settings = FillingSettings(
            gallery_table=records.table.table_name, vector_index_arns=self._arns, index_queue_url=queue.queue_url
        )
        fill = self._create_function(
            "Fill",
            "fill_indexes",
            Access(settings=(settings,), grants=(records.grant_fill, queue.grant_send_messages)),
            dead_letters=self.unsent,
        )
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(FILL_EVERY),
            # The next minute continues.
            targets=[targets.LambdaFunction(fill, dead_letter_queue=self.unsent, retry_attempts=0)],
        )

    def _create_function(
        self, construct_id: str, name: str, access: Access, dead_letters: DeadLetterQueue | None = None
    ) -> lambda_.Function:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=INDEX_TIMEOUT,
            access=access,
            dead_letters=dead_letters,
        ).function
