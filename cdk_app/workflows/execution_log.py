"""The log of executions: when each state started and ended, and how, without its data."""

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

LEVELS = {"ALL": sfn.LogLevel.ALL, "ERROR": sfn.LogLevel.ERROR, "FATAL": sfn.LogLevel.FATAL}


def execution_log(scope: Construct, operations: Operations) -> sfn.LogOptions:
    """A log with the stage's level. It contains no data of executions, because that names makers and their jobs."""
    # Log groups with this prefix share one resource policy of the account, whose size is limited.
    name = f"/aws/vendedlogs/states/{Stack.of(scope).stack_name}"
    return sfn.LogOptions(
        destination=LogGroup(scope, "ExecutionLog", operations=operations, name=name),
        level=LEVELS[operations.execution_log],
        include_execution_data=False,
    )
