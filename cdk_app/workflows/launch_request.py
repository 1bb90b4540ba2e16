"""Ask before a launch: a batch launches a task if the stage's limits have room, and otherwise waits in its queue."""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.workflows.expressions import (
    EXECUTION_INPUT,
    RESULT,
    UNCHANGED,
    locate_field,
    to_expression,
    write_object,
)
from cdk_app.workflows.retries import retry_step, to_timeout
from craftspark.fleet.controller.launches import LaunchAnswer, LaunchRequest
from craftspark.jobs.batches import Batch, JobOrder
from craftspark.tools.request import Lane

TIMEOUT_S = 30
GRANTED = "granted"
ELAPSED_S = "($toMillis($states.context.State.EnteredTime) - $toMillis($states.context.Execution.StartTime)) / 1000"


def ask_for_launch(
    scope: Construct, name: str, grant_launch: lambda_.IFunction, *, pool: str, wakes: bool, then: sfn.IChainable
) -> tasks.LambdaInvoke:
    """A state that asks whether the batch may launch a task of the pool, and keeps the answer for `then`.

    If nobody answers, the batch waits: the limits of the stage hold at all times.
    """
    batch = f"{locate_field(Batch, 'job_id')} & '/' & $string({locate_field(Batch, 'batch')})"
    ask = tasks.LambdaInvoke.jsonata(
        scope,
        name,
        lambda_function=grant_launch,
        payload=sfn.TaskInput.from_object(
            write_object(LaunchRequest, batch=to_expression(batch), pool=pool, wakes=wakes)
        ),
        assign={GRANTED: to_expression(locate_field(LaunchAnswer, "granted", at=f"{RESULT}.Payload"))},
        outputs=UNCHANGED,
        retry_on_service_exceptions=False,
        task_timeout=to_timeout(TIMEOUT_S),
    )
    retry_step(ask, ())
    ask.add_catch(then, assign={GRANTED: False}, outputs=UNCHANGED)
    ask.next(then)
    return ask


def choose_launch(
    scope: Construct,
    name: str,
    *,
    launch: sfn.IChainable,
    wait: Mapping[Lane, sfn.IChainable],
    last_wait_s: Mapping[Lane, int],
    give_up: sfn.IChainable,
) -> sfn.Choice:
    """A choice by the answer: launch, wait again in the queue of the batch's lane, or give up.

    A batch waits again if its execution has run for at most `last_wait_s` of its lane.
    """
    bulk = f"{locate_field(JobOrder, 'lane', at=EXECUTION_INPUT)} = 'bulk'"
    last_s = f"({bulk} ? {last_wait_s['bulk']} : {last_wait_s['interactive']})"
    return (
        sfn.Choice.jsonata(scope, name)
        .when(_condition(f"${GRANTED}"), launch)
        .when(_condition(f"{ELAPSED_S} > {last_s}"), give_up)
        .when(_condition(bulk), wait["bulk"])
        .otherwise(wait["interactive"])
    )


def _condition(text: str) -> sfn.Condition:
    return sfn.Condition.jsonata(to_expression(text))
