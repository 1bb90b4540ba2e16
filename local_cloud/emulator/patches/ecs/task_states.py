"""Task states as on AWS: a stopped task is STOPPING until its process ends, and each change of state is an event.

Gap: the emulator reports a task as STOPPED while its process still finishes its work, reports no exit code for it,
does not replace a service's task that StopTask ended, and sends no "ECS Task State Change" events.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.core.concurrency import resource_lock, spawn_background
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import ecs, ecs_metadata, eventbridge

from local_cloud.emulator.events.aws_events import publish
from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.tasks.placement import NotPlaced, place
from local_cloud.emulator.tasks.records import Task, cluster_of, is_of_service, is_protected

# What AWS says when a service's scheduler stops a task, with the ID of the deployment.
SCALING = "Scaling activity initiated by (deployment {})"
DELETED = "Service deleted"

_placements = itertools.count()

_requested_subnet = ecs._requested_subnet
_mark_task_pending = ecs._mark_task_pending
_mark_task_running = ecs._mark_task_running
_mark_task_stopped = ecs._mark_task_stopped
_run_task = ecs._run_task
_refresh_service_state = ecs._refresh_service_state


def run_task(data: dict[str, Any]) -> Any:
    """RunTask. A task that no service starts belongs to the group of its family. Subnets take turns."""
    family = str(data.get("taskDefinition", "")).rpartition("/")[2].partition(":")[0]
    single = data | {"group": data.get("group") or f"family:{family}", "count": 1}
    answer: dict[str, list[Any]] = {"tasks": [], "failures": []}
    for _ in range(data.get("count", 1)):
        response = _run_task(single)
        if response[0] >= 400:
            return response
        for name, values in json.loads(response[2]).items():
            answer[name] += values
    return json_response(answer)


def requested_subnet(data: Mapping[str, Any]) -> str | None:
    """The subnets of a request in turn, as AWS spreads tasks over Availability Zones."""
    network = data.get("networkConfiguration") or {}
    subnets = network.get("awsvpcConfiguration", {}).get("subnets") or [None]
    chosen = subnets[next(_placements) % len(subnets)]
    subnet: str | None = _requested_subnet({"networkConfiguration": {"awsvpcConfiguration": {"subnets": [chosen]}}})
    return subnet


def mark_task_pending(task_arn: str, task: Task) -> bool:
    """A task gets its place, in the zone of its subnet. It stays PROVISIONING until there is one, and a launched task
    also until there is a core for it.
    """
    try:
        place(task, lambda: bool(ecs._task_is_active(task_arn, task)))
    except NotPlaced as error:
        stop(task, str(error), "TaskFailedToStart")
        reconcile(task)
        return False
    if not is_of_service(task):
        family = task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
        ecs._get_docker().wait_for_slot(family, task_arn)
    return _announce(task, _mark_task_pending(task_arn, task))


def mark_task_running(task_arn: str, task: Task) -> bool:
    return _announce(task, _mark_task_running(task_arn, task))


def mark_task_stopped(task_arn: str, task: Task, reason: str, stop_code: str, exit_code: int | None = None) -> bool:
    """Stop a task whose processes have ended or never started."""
    return _announce(task, _mark_task_stopped(task_arn, task, reason, stop_code, exit_code))


def refresh_service_state(cluster: str, group: str) -> None:
    """Count the tasks of a service. As on AWS, one that is to stop still counts as running until it has stopped."""
    _refresh_service_state(cluster, group)
    service = ecs._services.get(f"{cluster}/{group.partition(':')[2]}") if group else None
    if service:
        service["runningCount"] += sum(
            task["lastStatus"] == "STOPPING"
            for task in list(ecs._tasks.values())
            if task.get("group") == group and task["clusterArn"] == service["clusterArn"]
        )


def stop_task_of_user(data: dict[str, Any]) -> Any:
    """StopTask. A service replaces its task."""
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    if cluster is None:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    task = ecs._resolve_task(data.get("task", ""), cluster)
    if not task:
        return error_response_json("InvalidParameterException", "The referenced task was not found.", 400)
    stop(task, data.get("reason", "Task stopped by user"), "UserInitiated")
    reconcile(task)
    return json_response({"task": ecs._sanitize(task)})


def stop_task_of_scheduler(data: dict[str, Any]) -> None:
    """The service scheduler's own stop of a task. It does not use the response.

    Only the end of the service stops a protected task.
    """
    task = ecs._resolve_task(data["task"], data["cluster"])
    if task is None or (is_protected(task) and data["reason"] != DELETED):
        return
    service = ecs._services.get(f"{data['cluster']}/{task['group'].partition(':')[2]}")
    deployment = ecs._primary_deployment(service) if service else None
    reason = SCALING.format(deployment["id"]) if deployment and data["reason"] != DELETED else data["reason"]
    stop(task, reason, "ServiceSchedulerInitiated")


def stop(task: Task, reason: str, stop_code: str) -> None:
    """Send SIGTERM to the task's processes and let it be STOPPED when they have ended. A second call does nothing."""
    _begin_stop(task, reason, stop_code, kill=False)


def take_away(task: Task, reason: str) -> None:
    """End a task with its instance: kill its processes, even if they already stop."""
    _begin_stop(task, reason, "TerminationNotice", kill=True)
    client = ecs._get_docker()
    for id_ in list(task.get("_docker_ids") or []):
        client.containers.get(id_).kill()
    reconcile(task)


def _begin_stop(task: Task, reason: str, stop_code: str, *, kill: bool) -> None:
    arn = task["taskArn"]
    with resource_lock("ecs-task", arn):
        if not ecs._task_is_active(arn, task):
            return
        containers = list(task.get("_docker_ids") or [])
        if containers:
            ecs._bump_task_version(task)
            task.update(desiredStatus="STOPPED", lastStatus="STOPPING", stoppingAt=ecs._iso())
            task.update(stoppedReason=reason, stopCode=stop_code)
    if not containers:
        mark_task_stopped(arn, task, reason, stop_code)
        ecs._cleanup_task_resources(task, ecs._get_docker())
        return
    ecs_metadata.set_task_status(arn, desired_status="STOPPED")
    _announce(task, _refresh(task))
    spawn_background(
        _finish_stop, task, containers, get_account_id(), get_region(), kill=kill, thread_name=f"stop-{arn[-8:]}"
    )


def reconcile(task: Task) -> None:
    """Let the task's service, if it has one, start and stop tasks."""
    if is_of_service(task):
        cluster = cluster_of(task)
        ecs._reconcile_service_tasks(cluster, f"{cluster}/{task['group'].partition(':')[2]}")


def _finish_stop(task: Task, container_ids: Sequence[str], account: str, region: str, *, kill: bool) -> None:
    client, arn = ecs._get_docker(), task["taskArn"]
    processes = [client.containers.get(id_) for id_ in container_ids]
    for process in processes:
        process.kill() if kill else process.stop()
    codes = [process.wait()["StatusCode"] for process in processes]
    with request_scope(account, region):
        with resource_lock("ecs-task", arn):
            ecs._bump_task_version(task)
            now = ecs._iso()
            task.update(lastStatus="STOPPED", executionStoppedAt=now, stoppedAt=now)
            for container, code in zip(task["containers"], codes, strict=False):
                container.update(lastStatus="STOPPED", exitCode=code)
        ecs_metadata.set_task_status(arn, known_status="STOPPED")
        ecs_metadata.set_all_container_status(arn, "STOPPED")
        ecs._cleanup_task_resources(task, client)
        _announce(task, _refresh(task))


def _refresh(task: Task) -> bool:
    """Count the tasks of the cluster and of the service again."""
    cluster = cluster_of(task)
    ecs._recount_cluster(cluster)
    ecs._refresh_service_state(cluster, task.get("group", ""))
    return True


def _announce(task: Task, changed: bool) -> bool:
    """Publish the state of a task that has changed."""
    if changed:
        with resource_lock("ecs-task", task["taskArn"]):
            detail = {name: value for name, value in ecs._sanitize(task).items() if value != ""}
        detail["updatedAt"] = ecs._iso()
        publish("aws.ecs", "ECS Task State Change", detail, [task["taskArn"]])
    return changed


PATCH = Patch(
    name="task states",
    gap="STOPPED tasks still run, StopTask leaves a gap in a service, and no change of a task's state is an event",
    targets=(
        Replacement(ecs, "_run_task", "6e96d8f5a5b850d7f8738c33265138f2", run_task),
        Replacement(ecs._ACTION_MAP, "RunTask", "6e96d8f5a5b850d7f8738c33265138f2", run_task),
        Replacement(ecs, "_requested_subnet", "fd85a8c38ef97d83a2031334377c94e1", requested_subnet),
        Replacement(ecs, "_stop_task", "06eb83088bbca69b41360cc847d55d52", stop_task_of_scheduler),
        Replacement(ecs._ACTION_MAP, "StopTask", "06eb83088bbca69b41360cc847d55d52", stop_task_of_user),
        Replacement(ecs, "_mark_task_pending", "37729731ca0353fab1a389fd710dd29f", mark_task_pending),
        Replacement(ecs, "_mark_task_running", "42c41b2d19b98ebd7b6a071f1659231d", mark_task_running),
        Replacement(ecs, "_mark_task_stopped", "09bac9c1c8d02496b8b7b401a2431308", mark_task_stopped),
        Replacement(ecs, "_refresh_service_state", "5dcadfc2dcdd1215d11aba3cc5c14762", refresh_service_state),
        Target(ecs, "_task_is_active", "9745462eeaebb658599c105438bdc057"),
        Target(ecs, "_cleanup_task_resources", "077c78a7702ae82d95fd4e44dcd0a00e"),
        Target(ecs, "_PRE_STOP_STATUSES", "d719486832ed5b4ef7228f13fcf25260"),
        Target(ecs, "_sanitize", "f41cdce9258f79a9045c1aecab2f598d"),
        Target(eventbridge, "_put_events", "ebcda0f38061fc62265a3f72bcc4005a"),
    ),
)
