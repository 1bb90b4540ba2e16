"""Metrics of AWS for the alarms and the dashboard."""

from collections.abc import Iterable, Iterator, Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.storage.work_queue import DeadLetterQueue, WorkQueue

PERIOD = Duration.minutes(5)
MINUTE = Duration.minutes(1)


def count_messages(queue: sqs.IQueue, label: str | None = None) -> cloudwatch.Metric:
    """How many messages wait."""
    return queue.metric_approximate_number_of_messages_visible(period=MINUTE, statistic="Maximum", label=label)


def measure_age(queue: sqs.IQueue, label: str | None = None) -> cloudwatch.Metric:
    """How long the oldest message waits, in seconds."""
    return queue.metric_approximate_age_of_oldest_message(period=MINUTE, statistic="Maximum", label=label)


def measure_reservation(capacity: GpuCapacity, cluster: ecs.ICluster) -> cloudwatch.Metric:
    """Instances that the tasks need, as a percentage of those that run: above 100 until enough instances run."""
    return cloudwatch.Metric(
        namespace="AWS/ECS/ManagedScaling",
        metric_name="CapacityProviderReservation",
        dimensions_map={
            "CapacityProviderName": capacity.provider.capacity_provider_name,
            "ClusterName": cluster.cluster_name,
        },
        period=PERIOD,
        statistic="Minimum",
    )


def measure_site_errors(distribution_id: str) -> cloudwatch.Metric:
    """The percentage of requests to which CloudFront returns 5xx. The metric exists in us-east-1 only."""
    return cloudwatch.Metric(
        namespace="AWS/CloudFront",
        metric_name="5xxErrorRate",
        dimensions_map={"DistributionId": distribution_id, "Region": "Global"},
        period=PERIOD,
        statistic="Average",
    )


def find_dead_letter_queues(scopes: Iterable[IConstruct]) -> Mapping[str, DeadLetterQueue]:
    """Every dead-letter queue below these scopes, by a name such as `IntakeDeadLetters`."""
    return {name: each for name, each in _find_below(scopes) if isinstance(each, DeadLetterQueue)}


def find_work_queues(scopes: Iterable[IConstruct]) -> Mapping[str, WorkQueue]:
    """Every work queue below these scopes, by a name such as `Intake`."""
    return {name: each for name, each in _find_below(scopes) if isinstance(each, WorkQueue)}


def _find_below(scopes: Iterable[IConstruct]) -> Iterator[tuple[str, IConstruct]]:
    for scope in scopes:
        for construct in scope.node.find_all():
            # Without the stack's ID, because no two stacks have queues of the same name.
            ids = construct.node.path.split("/")[1:]
            yield "".join(each.removesuffix("Queue") for each in ids), construct
