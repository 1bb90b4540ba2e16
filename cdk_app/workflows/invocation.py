"""Invoke a function from a state machine."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.workflows.expressions import RESULT, to_expression
from cdk_app.workflows.retries import retry_step, to_timeout
from craftspark.errors.raised import Raised

TIMEOUT_S = 60


def invoke_function(
    scope: Construct, name: str, function: lambda_.IFunction, payload: sfn.TaskInput, *, raised: Raised
) -> tasks.LambdaInvoke:
    """A state that invokes a function, which raises the errors `raised`, and passes its result on."""
    invoke = tasks.LambdaInvoke.jsonata(
        scope,
        name,
        lambda_function=function,
        payload=payload,
        outputs=to_expression(f"{RESULT}.Payload"),
        retry_on_service_exceptions=False,  # retry_step has jitter and waits longer
        task_timeout=to_timeout(TIMEOUT_S),
    )
    retry_step(invoke, raised)
    return invoke
