"""A task of the cluster has stopped: give its work to other workers immediately."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.fleet.taken_batches import ReturnedBatches, TakenBatches
from craftspark.aws.fleet.task_events import TaskEvents
from craftspark.aws.orchestration.callbacks import WaitingTasks
from craftspark.fleet.interruptions.task_ends import release_work
from craftspark.metrics import event
from craftspark.settings.interruptions import TaskEndSettings
from lambdas.log import logger


@cache
def events() -> TaskEvents:
    return TaskEvents(client=clients.ecs())


@cache
def parts() -> dict[str, Any]:
    settings = TaskEndSettings.from_environment()
    taken = TakenBatches(client=clients.dynamodb(), jobs_table=settings.jobs_table)
    return {
        "tokens": WaitingTasks(client=clients.stepfunctions()),
        "batches": ReturnedBatches(taken=taken, sqs=clients.sqs()),
    }


@logger.inject_lambda_context
def handler(detail: dict[str, Any], context: Any) -> None:
    end = events().read(detail)
    released = release_work(end, **parts())
    facts = {"task": end.task, "stop_code": end.stop_code, "detail": end.reason, "exit_code": end.exit_code}
    if released.error or released.batches:
        why = {"reason": released.error.name if released.error else None, "batches": released.batches}
        logger.warning("work of a task released", extra={**facts, **why, **event("TaskLost")})
    else:
        logger.info("task stopped without open work", extra=facts)
