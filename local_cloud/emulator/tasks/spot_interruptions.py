"""Spot interruptions on request: AWS warns of the end of an instance, and takes it away after the notice.

`POST /_local_cloud/spot-interruptions` with `{"task": ID, "notice_s": SECONDS}` answers 202 with the task and its
instance. On AWS, the Fault Injection Service does the same.
"""

import contextvars
import json
import logging
import threading
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from local_cloud.emulator.events.aws_events import publish
from local_cloud.emulator.patches.ecs.task_states import take_away
from local_cloud.emulator.tasks.capacity import is_spot
from local_cloud.emulator.tasks.records import HOSTED, Task, instance_id

PATH = "/_local_cloud/spot-interruptions"

logger = logging.getLogger(__name__)


class NotInterruptible(Exception):
    """The task does not run, or its instance is not a spot instance."""


def interrupt(task_id: str, notice_s: float) -> Task:
    """Warn of the end of the task's instance, and take it away after `notice_s`. Raises NotInterruptible."""
    task: Task | None = next((task for arn, task in ecs._tasks.items() if arn.endswith(f"/{task_id}")), None)
    if task is None or task["lastStatus"] not in HOSTED:
        raise NotInterruptible(f"the task {task_id} does not run")
    if not is_spot(task.get("capacityProviderName")):
        raise NotInterruptible(f"the task {task_id} does not run on a spot instance")
    instance = instance_id(task)
    arn = f"arn:aws:ec2:{get_region()}:{get_account_id()}:instance/{instance}"
    detail = {"instance-id": instance, "instance-action": "terminate"}
    publish("aws.ec2", "EC2 Spot Instance Interruption Warning", detail, [arn])
    timer = threading.Timer(
        notice_s, contextvars.copy_context().run, (take_away, task, f"Host EC2 (instance {instance}) terminated.")
    )
    timer.daemon = True
    timer.start()
    logger.info("Task %s: its instance %s ends in %s s", task_id, instance, notice_s)
    return task


def answer(body: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer for a request."""
    try:
        request = json.loads(body)
        task = interrupt(str(request["task"]), float(request["notice_s"]))
    except NotInterruptible as error:
        return 409, {"message": str(error)}
    except (ValueError, KeyError, TypeError):
        return 400, {"message": "the body needs a task and a notice_s in seconds"}
    return 202, {"task": task["taskArn"], "instance": instance_id(task)}
