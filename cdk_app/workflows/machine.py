"""A state machine with our defaults: JSONata, a timeout, tracing, and a log of executions without their data."""

from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup

LEVELS = {"ALL": sfn.LogLevel.ALL, "ERROR": sfn.LogLevel.ERROR, "FATAL": sfn.LogLevel.FATAL}


def create_machine(
    scope: Construct, *, start: sfn.IChainable, timeout_s: int, operations: Operations
) -> sfn.StateMachine:
    """A state machine that may start GPU tasks, with a log at the stage's level."""
    machine = sfn.StateMachine(
        scope,
        "Machine",
        definition_body=sfn.DefinitionBody.from_chainable(start),
        query_language=sfn.QueryLanguage.JSONATA,
        timeout=Duration.seconds(timeout_s),
        tracing_enabled=True,
        logs=_configure_log(scope, operations),
    )
    # EcsRunTask allows these actions for every task of the account. Only an integration that waits for the end of a
    # task needs them. Our machines wait for a callback instead.
    machine.add_to_role_policy(
        iam.PolicyStatement(effect=iam.Effect.DENY, actions=["ecs:DescribeTasks", "ecs:StopTask"], resources=["*"])
    )
    if operations.execution_log != "ALL":
        acknowledge(
            machine,
            "Step Functions keeps every event of an execution for 90 days. A log of them all is a value of the stage.",
            "AwsSolutions-SF1",
        )
    acknowledge(
        cast(iam.Policy, machine.role.node.find_child("DefaultPolicy")),
        "EcsRunTask allows its machine what it denies above, and the delivery of logs has no resource.",
        "CKV_AWS_111",
    )
    return machine


def _configure_log(scope: Construct, operations: Operations) -> sfn.LogOptions:
    """The log has no data of executions, because that names makers and their jobs."""
    # Log groups with this prefix share one resource policy of the account, whose size is limited.
    name = f"/aws/vendedlogs/states/{Stack.of(scope).stack_name}"
    return sfn.LogOptions(
        destination=LogGroup(scope, "ExecutionLog", operations=operations, name=name),
        level=LEVELS[operations.execution_log],
        include_execution_data=False,
    )
