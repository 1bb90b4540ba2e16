"""`python -m local_cloud fleet` and `interrupt`."""

from pathlib import Path

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.gpu_tasks import GpuTask, read_tasks
from tests.e2e.launcher.command_line import run
from tests.e2e.waiting import eventually


def folder(cloud: LocalCloud) -> Path:
    return cloud.state.tasks.parent


def warm(cloud: LocalCloud) -> GpuTask:
    """The task of the draw pool's service on spot."""

    def look() -> GpuTask | None:
        tasks = (task for task in read_tasks(cloud) if task.service and task.capacity == "spot")
        return next((task for task in tasks if task.state == "running" and task.pool == "draw"), None)

    found = eventually(look)
    assert found is not None
    return found


def test_the_fleet_is_shown_with_its_supply_demand_decisions_and_tasks(cloud: LocalCloud) -> None:
    task = warm(cloud)

    shown = run("fleet", state_dir=folder(cloud))

    assert [title for title in ("Supply", "Demand", "Last decisions", "GPU tasks") if title not in shown] == []
    rows = [line for line in shown.splitlines() if line.startswith("│")]
    pools = {(cells[1].strip(), cells[2].strip()) for row in rows if len(cells := row.split("│")) == 8}
    assert {(pool, kind) for pool in ("draw", "enlarge") for kind in ("spot", "on demand")} <= pools
    [row] = [row for row in rows if row.split("│")[1].strip() == task.task[:8]]
    assert all(fact in row for fact in ("spot", "running", task.instance, task.zone, task.kind))


def test_an_interrupted_task_ends_and_is_replaced(cloud: LocalCloud) -> None:
    task = warm(cloud)

    shown = run("interrupt", task.task[:8], state_dir=folder(cloud))
    eventually(lambda: task.task not in {each.task for each in read_tasks(cloud)})

    assert task.instance in shown
    assert warm(cloud).task != task.task


def test_only_a_running_task_can_be_interrupted_by_its_id(cloud: LocalCloud) -> None:
    shown = run("interrupt", "zzz", state_dir=folder(cloud), status=1)

    assert "0 running GPU tasks have an ID that starts with zzz" in shown
