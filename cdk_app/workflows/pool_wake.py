"""Wake a pool that may be asleep: the first of its batches launches a task, and the others wait for that task."""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.pool import GpuPool
from cdk_app.storage.tables import LAUNCHES, JobsTable
from cdk_app.workflows.expressions import UNCHANGED, to_expression
from cdk_app.workflows.retries import retry_faults, to_timeout
from craftspark.errors.aws_names import CONDITION_FAILED, TABLE_FAULTS

TIMEOUT_S = 30
NOW = "$floor($toMillis($states.context.State.EnteredTime) / 1000)"


def wake_pool(
    scope: Construct, pool: GpuPool, jobs: JobsTable, *, launch: sfn.IChainable, wait: sfn.IChainable
) -> tasks.DynamoUpdateItem:
    """A state that leads to `launch` at most once in the time of a launch, and otherwise to `wait`.

    The decision is one conditional write, so of many batches that arrive at the same moment only one launches a task.
    If the table cannot decide, the batch launches a task.
    """
    value = tasks.DynamoAttributeValue
    state = tasks.DynamoUpdateItem.jsonata(
        scope,
        f"Wake the {pool.name} pool",
        table=jobs.table,
        key={"job_id": value.from_string(f"{LAUNCHES}{pool.name}"), "item": value.from_string("launch")},
        update_expression="SET launch_ends = :ends, expires_at = :ends",
        condition_expression="attribute_not_exists(launch_ends) OR launch_ends <= :now",
        expression_attribute_values={
            ":now": value.number_from_string(to_expression(f"$string({NOW})")),
            ":ends": value.number_from_string(to_expression(f"$string({NOW} + {pool.launch_s})")),
        },
        outputs=UNCHANGED,
        task_timeout=to_timeout(TIMEOUT_S),
    )
    retry_faults(state, TABLE_FAULTS, attempts=3)
    state.add_catch(wait, errors=[CONDITION_FAILED], outputs=UNCHANGED)
    state.add_catch(launch, outputs=UNCHANGED)
    state.next(launch)
    return state
