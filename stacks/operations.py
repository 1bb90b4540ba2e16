"""What tells people that something is wrong, and shows where: alarms and a dashboard."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.alarms import Alarms
from cdk_app.python_function import METRICS_NAMESPACE
from cdk_app.stage import Operations
from stacks.api import ApiStack
from stacks.live import LiveStack
from stacks.rendering import RenderingStack
from stacks.training import TrainingStack
from stacks.webhooks import WebhooksStack

PERIOD = Duration.minutes(5)


class OperationsStack(Stack):
    """Watches the other stacks; nothing depends on it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        operations: Operations,
        rendering: RenderingStack,
        api: ApiStack,
        training: TrainingStack,
        webhooks: WebhooksStack,
        live: LiveStack,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        machine, door = rendering.workflow.machine, api.front_door.api
        failed = machine.metric_failed(period=PERIOD)
        timed_out = machine.metric_timed_out(period=PERIOD)
        server_errors = door.metric_server_error(period=PERIOD, statistic="Sum")
        dead = {
            "IntakeDeadLetters": _depth(rendering.intake.dead_letters),
            "GpuDeadLetters": _depth(rendering.gpu_queue.dead_letters),
            "Unsettled": _depth(rendering.unsettled),
            "UnsettledTrainings": _depth(training.unsettled),
            "UntoldWebhooks": _depth(webhooks.untold),
            "UndeliveredWebhooks": _depth(webhooks.deliveries.dead_letters),
            "UnsentUpdates": _depth(live.unsent),
        }

        alarms = Alarms(self, "Alarms", email=operations.alarm_email)
        for name, depth in dead.items():
            alarms.above(name, depth, most=0, means="messages that nothing could handle wait for a person")
        alarms.above("FailedJobs", failed, most=operations.failed_executions, means="jobs fail unusually often")
        alarms.above("OverdueJobs", timed_out, most=0, means="a job's execution ran into its deadline")
        alarms.above(
            "SweptJobs", _event("JobOverdue", "sweep_overdue_jobs"), most=0, means="only the sweeper ended a job"
        )
        alarms.above(
            "FailedTrainings", training.workflow.machine.metric_failed(period=PERIOD), most=0, means="a training failed"
        )
        alarms.above("ServerErrors", server_errors, most=operations.server_errors, means="the API answers 5xx")

        cloudwatch.Dashboard(
            self,
            "Dashboard",
            widgets=[
                [
                    _graph("Requests", door.metric_count(period=PERIOD), server_errors, door.metric_client_error()),
                    _graph("API latency", door.metric_latency(statistic="p50"), door.metric_latency(statistic="p99")),
                ],
                [
                    _graph("Jobs", machine.metric_started(), machine.metric_succeeded(), failed, timed_out),
                    _graph("Job duration", machine.metric_time(statistic="p50"), machine.metric_time(statistic="p99")),
                ],
                [
                    _graph("Waiting", _depth(rendering.intake.queue), _depth(rendering.gpu_queue.queue)),
                    _graph("Dead letters", *dead.values()),
                ],
            ],
        )


def _event(name: str, function: str) -> cloudwatch.Metric:
    """An event that a function's log lines count."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": function},
        period=PERIOD,
        statistic="Sum",
    )


def _depth(queue: sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum")


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=12)
