"""Webhooks: partners' servers are told how their jobs ended, beside everything else and never in its way."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from cdk_app.job_tables import WebhooksTable
from cdk_app.python_function import PythonFunction
from cdk_app.stage import Stage
from cdk_app.work_queue import DeadLetterQueue, WorkQueue
from craftspark.settings import DeliverySettings
from craftspark.webhooks import BACKOFF_S

DELIVER_TIMEOUT_S = 120  # ten messages, each of which may take ten seconds


class WebhooksStack(Stack):
    """From the event JobSettled to the addresses of the maker's webhooks."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage = stage
        self.table = WebhooksTable(self, "Webhooks", keep=stage.data.keep)
        self.untold = DeadLetterQueue(self, "Untold")
        self.deliveries = WorkQueue(
            self,
            "Deliveries",
            visibility=Duration.seconds(6 * DELIVER_TIMEOUT_S),
            retention=Duration.days(3),
            most_receives=len(BACKOFF_S) + 1,
        )
        fan_out = self._function("FanOut", "fan_out_webhooks", 30)
        self.table.grant_read(fan_out)
        self.deliveries.queue.grant_send_messages(fan_out)
        events.Rule(
            self,
            "Settled",
            event_pattern=events.EventPattern(source=["craftspark.jobs"], detail_type=["JobSettled"]),
            targets=[targets.LambdaFunction(fan_out, dead_letter_queue=self.untold)],
        )
        deliver = self._function("Deliver", "deliver_webhook", DELIVER_TIMEOUT_S)
        self.table.grant_change(deliver)
        # The event source lets it receive and delete; to bring a message back later takes more.
        self.deliveries.queue.grant(deliver, "sqs:ChangeMessageVisibility")
        deliver.add_event_source(
            sources.SqsEventSource(
                self.deliveries.queue, batch_size=10, max_concurrency=50, report_batch_item_failures=True
            )
        )

    def _function(self, construct_id: str, name: str, timeout_s: int) -> lambda_.Function:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=Duration.seconds(timeout_s),
            environment=DeliverySettings(
                webhooks_table=self.table.table.table_name, delivery_queue_url=self.deliveries.queue.queue_url
            ).to_environment(),
        ).function
