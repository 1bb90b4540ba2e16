"""The output of the command line for operators."""

import json
import random
import re
import uuid
from pathlib import Path

import pytest

from local_cloud.launcher.assembly import read_stacks
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.state import StateDir
from local_cloud.makers import PASSWORD
from tests.e2e.front_end import FrontEnd
from tests.e2e.launcher.command_line import invoke_a_lambda, run
from tests.e2e.processes import started
from tests.e2e.waiting import HANGS_AFTER_S, eventually


def test_the_command_line_starts_shows_and_stops_the_cloud(state_dir: Path, assembly: Path) -> None:
    up = run("up", "--port", "0", "--assembly", str(assembly), state_dir=state_dir)
    again = run("up", "--assembly", str(assembly), state_dir=state_dir)
    status = run("status", state_dir=state_dir)
    token = run("token", state_dir=state_dir)
    executions = run("executions", state_dir=state_dir)
    log = run("logs", "emulator", state_dir=state_dir)
    unknown = run("logs", "bake_cake", state_dir=state_dir, status=1)
    down = run("down", state_dir=state_dir)
    down_again = run("down", state_dir=state_dir)
    too_late = run("status", state_dir=state_dir, status=1)

    assert "CREATE_COMPLETE" in up
    assert re.search(r"Studio   http://127\.0\.0\.1:\d+/\n", up)
    assert f"with the password {PASSWORD}" in up
    stacks = len(list(assembly.glob("*.template.json")))
    assert up.count("CREATE_COMPLETE") == stacks
    # CloudFormation accepts an update of a template with a dynamic reference, as to the desired counts.
    assert again.count("unchanged") == stacks - 1
    assert "Craftspark-Local-Rendering: UPDATE_COMPLETE" in again
    assert "Craftspark-Local-Rendering" in status
    assert "GpuDrawInteractiveQueue" in status
    assert "Alarms in ALARM" in status
    assert token.count(".") == 2
    assert "name" in executions
    assert "services available" in log
    assert "The logs are emulator, worker" in unknown
    assert down == "Local cloud stopped\n"
    assert down_again == "No local cloud is running\n"
    assert "python -m local_cloud up" in too_late


def test_an_execution_is_shown_state_by_state(cloud: LocalCloud) -> None:
    job = uuid.uuid4().hex
    cloud.client("stepfunctions").start_execution(
        stateMachineArn=cloud.outputs["StateMachineArn"], name=job, input=json.dumps({"job_id": job, "batches": []})
    )

    def final_table() -> str | None:
        table = run("executions", job, state_dir=cloud.state.path)
        return None if "RUNNING" in table else table

    table = eventually(final_table)
    listed = run("executions", state_dir=cloud.state.path)
    unknown = run("executions", "nobody", state_dir=cloud.state.path, status=1)

    assert table is not None
    assert table.index("Render every batch") < table.index("Settle the job")
    assert "2 state transitions in" in table
    assert "JobNotFound" in table
    assert job in listed
    assert "There is no execution nobody" in unknown


def test_a_lambdas_log_is_found_by_its_name(cloud: LocalCloud) -> None:
    invoke_a_lambda(cloud)

    log = run("logs", "sweep_overdue_jobs", state_dir=cloud.state.path)

    assert "overdue jobs swept" in log


def test_the_timeline_of_a_job_has_its_events_from_every_source_in_order(cloud: LocalCloud, maker: str) -> None:
    front_end = FrontEnd(cloud, maker)
    job_id = front_end.accepted(count=1, steps=1)
    front_end.ended(job_id)

    def complete_timeline() -> str | None:
        """A Lambda's log is written after its response."""
        timeline = run("job", job_id, state_dir=cloud.state.path)
        return timeline if "job settled" in timeline and "Job delivered" in timeline else None

    timeline = eventually(complete_timeline)
    unknown_id = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=26))
    unknown = run("job", unknown_id, state_dir=cloud.state.path, status=1)

    assert timeline
    steps = ("reserve: 1 credits", "execution started", "Hand to the draw pool", "image 0 stored", "batch rendered")
    assert all(step in timeline for step in (*steps, "commit: 1 credits", "SUCCEEDED")), timeline
    assert timeline.index("job accepted") < timeline.index("Hand to the draw pool") < timeline.index("Job delivered")
    assert "There is no job" in unknown


def test_a_stopped_start_leaves_no_emulator(state_dir: Path, assembly: Path) -> None:
    chosen = ("--port", "0", "--state-dir", str(state_dir), "--assembly", str(assembly))
    with started("-m", "local_cloud", "up", *chosen) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Emulator started at")

        process.terminate()

        assert process.wait(HANGS_AFTER_S) == 143
    assert StateDir.at(state_dir).owner_pid() is None


@pytest.mark.parametrize("port", ["99999", "-1", "x", "9" * 5000])
def test_an_invalid_port_is_rejected_with_its_name(port: str, tmp_path: Path) -> None:
    refused = run("up", "--port", port, state_dir=tmp_path, status=2)

    assert "Traceback" not in refused
    assert "port" in refused


def test_an_assembly_has_no_copies_of_the_packages_that_it_deploys(assembly: Path) -> None:
    assets = [asset for stack in read_stacks(assembly) for asset in stack.assets]

    packages = {asset.source for asset in assets if asset.source.suffix == ".zip"}
    assert packages
    assert not [package for package in packages if package.resolve().is_relative_to(assembly.resolve())]


def test_faults_are_switched_on_listed_and_ended(aws: Clients, emulator_state: StateDir) -> None:
    def fault(*arguments: str, status: int = 0) -> str:
        return run("fault", *arguments, state_dir=emulator_state.path, status=status)

    on = fault("duplicate", "*Queue*", "--share", "0.25", "--seed", "7", "--seconds", "600")
    refused = fault("delay", "--share", "3", status=1)
    off = fault("off")

    [row] = [line for line in on.splitlines() if "Queue" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")][:4] == ["duplicate", "*Queue*", "0.25", "7"]
    assert "at most 1, not 3.0" in refused
    assert "No fault is on" in off
