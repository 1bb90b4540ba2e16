"""What executions write down: which state began and ended when, and how, without a byte of what it worked on."""

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

LEVELS = {"ALL": sfn.LogLevel.ALL, "ERROR": sfn.LogLevel.ERROR, "FATAL": sfn.LogLevel.FATAL}


def execution_log(scope: Construct, operations: Operations) -> sfn.LogOptions:
    """A log of the stage's level. An execution's data names makers and their jobs, so none of it is kept here."""
    # Groups of this prefix share one resource policy of the account, whose size is bounded.
    name = f"/aws/vendedlogs/states/{Stack.of(scope).stack_name}"
    return sfn.LogOptions(
        destination=LogGroup(scope, "ExecutionLog", operations=operations, name=name),
        level=LEVELS[operations.execution_log],
        include_execution_data=False,
    )
