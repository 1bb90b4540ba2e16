"""Task scale-in protection, by the API and by the agent's endpoint in a container.

Gap: the emulator answers that no task is protected, has no agent endpoint, and scales in whichever task is newest.
"""

import contextvars
import json
import re
import threading
import time
from datetime import UTC, datetime
from typing import Any

from ministack.core import router
from ministack.core.arn import parse_arn
from ministack.core.responses import error_response_json, json_response, request_scope
from ministack.services import ecs, ecs_metadata

from local_cloud.emulator.patches.ecs.task_states import SCALING, reconcile, stop
from local_cloud.emulator.patching import Patch, Replacement, Target
from local_cloud.emulator.permissions.callers import AccessDenied, check_role
from local_cloud.emulator.permissions.resources import cluster_arn
from local_cloud.emulator.tasks.records import Task, is_of_service, is_protected

DEFAULT_MINUTES, MAX_MINUTES = 120, 2880
AGENT_PATH = re.compile(r"^/api/([A-Za-z0-9_-]{8,})/task-protection/v1/state$")

_timers: dict[str, threading.Timer] = {}
_handle_metadata = ecs_metadata.handle_request
_reconcile_service_tasks = ecs._reconcile_service_tasks


def update_task_protection(data: dict[str, Any]) -> Any:
    """UpdateTaskProtection. The end of a protection lets the service scale in."""
    minutes = data.get("expiresInMinutes", DEFAULT_MINUTES)
    if not isinstance(data.get("protectionEnabled"), bool):
        return error_response_json("InvalidParameterException", "protectionEnabled must be true or false.", 400)
    if not isinstance(minutes, int) or not 1 <= minutes <= MAX_MINUTES:
        return error_response_json("InvalidParameterException", "expiresInMinutes must be from 1 to 2880.", 400)

    def update(task: Task) -> None:
        protect(task, minutes * 60 if data["protectionEnabled"] else 0)

    return _for_each(data, update)


def get_task_protection(data: dict[str, Any]) -> Any:
    return _for_each(data, lambda task: None)


def protect(task: Task, seconds: float) -> None:
    """Protect a task for this time. At its end, or now with 0 seconds, its service may stop it."""
    task["_protected_until"] = time.time() + seconds
    if timer := _timers.pop(task["taskArn"], None):
        timer.cancel()
    if seconds <= 0:
        reconcile(task)
        return
    timer = threading.Timer(seconds, contextvars.copy_context().run, (reconcile, task))
    timer.daemon = True
    _timers[task["taskArn"]] = timer
    timer.start()


def reconcile_service_tasks(cluster: str, service_key: str) -> None:
    """Scale in the newest tasks that are not protected, then do what else the service needs."""
    service = ecs._services.get(service_key)
    if service and service["status"] == "ACTIVE":
        primary = ecs._primary_deployment(service)
        tasks = [
            task
            for task in list(ecs._tasks.values())
            if task.get("group") == f"service:{service['serviceName']}"
            and task["clusterArn"] == service["clusterArn"]
            and task["lastStatus"] in ecs._PRE_STOP_STATUSES
            and ecs._deployment_for_task(service, task) is primary
        ]
        excess = max(0, len(tasks) - service["desiredCount"])
        newest = sorted(
            (task for task in tasks if not is_protected(task)), key=lambda task: str(task["createdAt"]), reverse=True
        )
        for task in newest[:excess]:
            stop(task, SCALING.format(primary["id"]), "ServiceSchedulerInitiated")
    _reconcile_service_tasks(cluster, service_key)


async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
    """The agent's endpoint for task protection, in addition to the task metadata."""
    if not path.startswith("/api/"):
        return await _handle_metadata(method, path, headers, body, query)
    found = AGENT_PATH.match(path)
    arn = ecs_metadata._TOKEN_TO_TASK.get(found[1]) if found else None
    if arn is None or method not in ("GET", "PUT"):
        return json_response({"error": {"Code": "ResourceNotFoundException", "Message": "no such resource"}}, 404)
    where = parse_arn(arn)
    with request_scope(where.account_id, where.region):
        request: dict[str, Any] = {"cluster": where.resource.split("/")[1], "tasks": [arn]}
        try:
            _check(arn, "GetTaskProtection" if method == "GET" else "UpdateTaskProtection", request)
        except AccessDenied as error:
            return _agent_error(arn, "AccessDeniedException", str(error), 400)
        if method == "GET":
            return _agent_answer(get_task_protection(request))
        try:
            wanted = json.loads(body)
            request["protectionEnabled"] = wanted["ProtectionEnabled"]
        except (ValueError, KeyError, TypeError):
            return _agent_error(arn, "InvalidParameterException", "the body needs a ProtectionEnabled", 400)
        if "ExpiresInMinutes" in wanted:
            request["expiresInMinutes"] = wanted["ExpiresInMinutes"]
        return _agent_answer(update_task_protection(request))


def _check(arn: str, action: str, request: dict[str, Any]) -> None:
    """Raises AccessDenied unless the role of the task may do this: the agent calls ECS as the task."""
    task = ecs._tasks[arn]
    definition = ecs._task_defs.get(ecs._resolve_td_key(task["taskDefinitionArn"])) or {}
    name = arn.rpartition("/")[2]
    check_role(definition.get("taskRoleArn", ""), name, f"ecs:{action}", arn, ecs_cluster=cluster_arn(request))


def _agent_answer(response: Any) -> Any:
    """The answer of the agent for an answer of ECS about one task."""
    status, _, body = response
    answer = json.loads(body)
    if status >= 400:
        return _agent_error("", answer["__type"], answer["message"], status)
    if answer["failures"]:
        [failure] = answer["failures"]
        failed = {"Arn": failure["arn"], "Reason": failure["reason"], "Detail": failure.get("detail")}
        return json_response({"failure": failed})
    [task] = answer["protectedTasks"]
    protection: dict[str, Any] = {"ProtectionEnabled": task["protectionEnabled"], "TaskArn": task["taskArn"]}
    if until := task.get("expirationDate"):
        protection["ExpirationDate"] = datetime.fromtimestamp(until, UTC).isoformat().replace("+00:00", "Z")
    return json_response({"protection": protection})


def _agent_error(arn: str, code: str, message: str, status: int) -> Any:
    return json_response({"error": {"Arn": arn, "Code": code, "Message": message}}, status)


def _for_each(data: dict[str, Any], act: Any) -> Any:
    """Call `act` with each task of the request, and answer which are protected."""
    cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
    if cluster is None or cluster not in ecs._clusters:
        return error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
    protected, failures = [], []
    for reference in data.get("tasks", []):
        task = ecs._resolve_task(reference, cluster)
        if task is None or task["lastStatus"] == "STOPPED":
            failures.append({"arn": reference, "reason": "MISSING"})
        elif not is_of_service(task):
            failures.append({"arn": task["taskArn"], "reason": "TASK_NOT_VALID"})
        else:
            act(task)
            until = {"expirationDate": task["_protected_until"]} if is_protected(task) else {}
            protected.append({"taskArn": task["taskArn"], "protectionEnabled": is_protected(task), **until})
    return json_response({"protectedTasks": protected, "failures": failures})


PATCH = Patch(
    name="task protection",
    gap="no task can be protected from scale-in",
    targets=(
        Replacement(
            ecs._ACTION_MAP, "UpdateTaskProtection", "2870a7f9a4e0f0ff952d1e101600f318", update_task_protection
        ),
        Replacement(ecs._ACTION_MAP, "GetTaskProtection", "911c2aec7037612870ae713faaa1eeb2", get_task_protection),
        Replacement(ecs, "_reconcile_service_tasks", "16e4d03cbf75322f8ecc43ac416487dc", reconcile_service_tasks),
        Replacement(ecs_metadata, "handle_request", "695e3117ea063fb4fd001d58de2e12a9", handle_request),
        Replacement(
            router,
            "_ECS_METADATA_PATH_RE",
            "007310de84dec88b48f6dc00d49e5e68",
            re.compile(r"^/(v4|api)/[A-Za-z0-9_-]{8,}(?:/.*)?$"),
        ),
        Target(ecs, "_register_metadata", "7778fecfed8b163eaf856a29fe8f44ae"),
        Target(ecs, "_complete_service_deployment", "4472ae6823d0709f9933b39285b67d5b"),
        Target(ecs, "_deployment_for_task", "fcb7b542d2681130c917d063722f8dcd"),
        Target(ecs, "_primary_deployment", "90248cc9237dbf30d0ebd323ba4e3624"),
    ),
)
