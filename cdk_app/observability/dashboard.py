"""Widgets of the dashboard."""

from collections.abc import Sequence
from itertools import chain

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from cdk_app.observability.own_metrics import OwnMetrics

HALF = 12  # of the dashboard's width


def draw_graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=HALF)


def list_failures_by_reason(settle_job: lambda_.Function) -> cloudwatch.LogQueryWidget:
    """Jobs that did not deliver every requested image, by the name of the first error."""
    return cloudwatch.LogQueryWidget(
        title="Failures by reason",
        log_group_names=[settle_job.log_group.log_group_name],
        query_lines=[
            "filter message = 'job settled' and ispresent(reason)",
            "stats count(*) as jobs by reason, state",
            "sort jobs desc",
        ],
        view=cloudwatch.LogQueryVisualizationType.TABLE,
        width=HALF,
    )


def draw_fleet(own: OwnMetrics, pools: Sequence[str]) -> list[list[cloudwatch.IWidget]]:
    """Rows about the GPU fleet: its supply, its demand, what it costs, what it loses and how it decides."""
    return [
        [
            draw_graph("Supply: GPU tasks", *chain.from_iterable(map(own.draw_supply, pools))),
            draw_graph("Demand: seconds of GPU work", *(each for pool in pools for each in own.draw_demand(pool))),
        ],
        [
            draw_graph("Oldest waiting job, seconds", *(each for pool in pools for each in own.draw_waits(pool))),
            draw_graph(
                "Estimated cost of tasks, dollars per hour",
                own.measure_fleet("FleetCostPerHour", "cost"),
            ),
        ],
        [
            draw_graph(
                "Interruptions, failed launches and lost tasks",
                *(
                    own.count_events(name, name)
                    for name in (
                        "InstanceInterrupted",
                        "RebalanceRecommended",
                        "SpotLaunchFailed",
                        "LaunchRefused",
                        "TaskLost",
                    )
                ),
            ),
            draw_graph(
                "Decisions",
                own.measure_fleet("FleetDecisionAge", "seconds since the last decision"),
                own.count_events("FleetDecided", "decisions in five minutes"),
                own.count_events("FleetDecisionRefused", "refused in five minutes"),
            ),
        ],
    ]
