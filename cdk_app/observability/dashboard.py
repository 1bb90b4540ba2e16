"""Widgets of the dashboard."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

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
