"""Take the spot instance of a GPU task away, with AWS's notice before."""

from dataclasses import dataclass

import httpx

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import GpuTask, read_tasks

PATH = "/_local_cloud/spot-interruptions"
# AWS gives a notice of two minutes, and a stage on AWS leaves 90 s of them to a worker. A shorter grace has a notice
# in the same proportion.
NOTICE_OVER_GRACE = 120 / 90


class NotInterruptible(Exception):
    """There is no such task, or it does not run on spot."""


@dataclass(frozen=True)
class Interruption:
    """A task whose instance ends `notice_s` from now."""

    task: GpuTask
    notice_s: float


def interrupt(cloud: LocalCloud, task: str | None = None) -> Interruption:
    """Send a spot notice to the task whose ID starts with `task`, or else to the oldest running one on spot.

    Raises NotInterruptible.
    """
    running = [each for each in read_tasks(cloud) if each.state == "running" and each.task.startswith(task or "")]
    if task and len(running) != 1:
        raise NotInterruptible(
            f"{len(running)} running GPU tasks have an ID that starts with {task}. `fleet` lists them."
        )
    chosen = next((each for each in running if task or each.capacity == "spot"), None)
    if chosen is None:
        raise NotInterruptible("No GPU task runs on spot.")
    notice_s = chosen.stop_grace_s * NOTICE_OVER_GRACE
    answer = httpx.post(
        cloud.endpoint + PATH, json={"task": chosen.task, "notice_s": notice_s}, timeout=60, trust_env=False
    )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise NotInterruptible(answer.json()["message"])
    return Interruption(chosen, notice_s)
