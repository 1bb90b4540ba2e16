"""Webhooks: notify partners' servers of settled jobs, independently of all other processing."""

from dataclasses import asdict
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.packaging.python_function import Access, Grant, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.tables import WebhooksTable
from cdk_app.storage.work_queue import DeadLetterQueue, WorkQueue
from cdk_app.workflows.announcement import match_event
from craftspark.jobs.endings import JobSettled
from craftspark.settings.notifications import DeliverySettings, FanOutSettings

# One message per invocation, so a slow endpoint delays only its own messages. The call takes up to ten seconds.
DELIVER_TIMEOUT_S = 30
FAN_OUT_TIMEOUT_S = 30


class WebhooksStack(Stack):
    """From the event JobSettled to the addresses of the maker's webhooks."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage = stage
        self.table = WebhooksTable(self, "Webhooks", keep=stage.data.keep)
        self.unsent = DeadLetterQueue(self, "UnsentWebhooks")
        # The message counts its attempts. SQS delivers it again only if the function itself fails.
        self.deliveries = WorkQueue(
            self,
            "Deliveries",
            visibility=Duration.seconds(6 * DELIVER_TIMEOUT_S),
            retention=Duration.days(3),
            max_receives=5,
            late_after=Duration.hours(1),  # a wait for the next attempt restarts every 15 minutes
        )
        queue = self.deliveries.queue
        settings = FanOutSettings(webhooks_table=self.table.table.table_name, delivery_queue_url=queue.queue_url)
        fan_out = self._create_function(
            "FanOut",
            "fan_out_webhooks",
            FAN_OUT_TIMEOUT_S,
            settings,
            self.table.grant_read,
            queue.grant_send_messages,
            dead_letters=self.unsent,
        )
        events.Rule(
            self,
            "Settled",
            event_pattern=match_event(JobSettled),
            targets=[targets.LambdaFunction(fan_out, dead_letter_queue=self.unsent)],
        )
        deliver = self._create_function(
            "Deliver",
            "deliver_webhook",
            DELIVER_TIMEOUT_S,
            DeliverySettings(**asdict(settings), dead_letters_url=self.deliveries.dead_letters.queue_url),
            self.table.grant_log,
            queue.grant_send_messages,
            self.deliveries.dead_letters.grant_send_messages,
        )
        deliver.add_event_source(
            sources.SqsEventSource(queue, batch_size=1, max_concurrency=100, report_batch_item_failures=True)
        )

    def _create_function(
        self,
        construct_id: str,
        name: str,
        timeout_s: int,
        settings: FanOutSettings,
        *grants: Grant,
        dead_letters: sqs.IQueue | None = None,
    ) -> lambda_.Function:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=Duration.seconds(timeout_s),
            access=Access(settings=(settings,), grants=grants),
            dead_letters=dead_letters,
        ).function
