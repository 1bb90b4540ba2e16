"""Metrics as past events, in CloudWatch's embedded format."""

import os

from aws_lambda_powertools.metrics import MetricUnit, single_metric


def count(event: str) -> None:
    """Count one event of this function's, such as `JobAccepted`."""
    dimensions = {"service": os.environ["POWERTOOLS_SERVICE_NAME"]}
    with single_metric(name=event, unit=MetricUnit.Count, value=1, default_dimensions=dimensions):
        pass  # leaving the block writes the metric
