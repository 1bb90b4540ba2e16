"""The launcher uses only loopback and one folder, and leaves no process after any kind of end."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.emulator_process import EmulatorProcess, PortInUse
from local_cloud.launcher.shutdown import stop
from local_cloud.launcher.state import AlreadyRunning, NotRunning, StateDir
from tests.e2e.conftest import IDLE
from tests.e2e.launcher.command_line import invoke_a_lambda, run
from tests.e2e.processes import alive, listening_addresses, mentioning, started
from tests.e2e.waiting import HANGS_AFTER_S, eventually

COMMANDS = {"craftspark-gpu:local": IDLE}
LOOPBACK_IN_HEX = "0100007F"

# Starts a cloud in a separate process, like the demo, and keeps it running.
HOLDER = """
import sys, threading
from pathlib import Path
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.launcher.test_launcher import COMMANDS

with LocalCloud.run(sys.argv[1], port=0, commands=COMMANDS, assembly=Path(sys.argv[2])):
    print("up", flush=True)
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def rendering(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack with the service and a Lambda, and its dependencies. Each other stack would take seconds."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    kept: dict[str, object] = {}
    waiting = ["Rendering"]
    while waiting:
        name = waiting.pop()
        kept[name] = artifacts[name]
        waiting += artifacts[name].get("dependencies", ())
    folder = tmp_path_factory.mktemp("rendering")
    for file in assembly.iterdir():
        if file.name.partition(".")[0] in kept:
            shutil.copy(file, folder)
    (folder / "manifest.json").write_text(json.dumps({"artifacts": kept}))
    return folder


@pytest.fixture
def holder(state_dir: Path, rendering: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has started a cloud."""
    with started("-c", HOLDER, str(state_dir), str(rendering)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process


def test_only_loopback_is_listened_on(cloud: LocalCloud) -> None:
    port = f"{int(cloud.endpoint.rsplit(':', 1)[1]):04X}"

    everyone = mentioning(str(cloud.state.path))

    listening = {address for pid in everyone for address in listening_addresses(pid)}
    assert f"{LOOPBACK_IN_HEX}:{port}" in listening
    assert {address.partition(":")[0] for address in listening} == {LOOPBACK_IN_HEX}  # distributions have other ports


def test_a_cloud_leaves_no_process_behind(state_dir: Path, rendering: Path) -> None:
    with LocalCloud.run(state_dir, port=0, commands=COMMANDS, assembly=rendering) as cloud:
        eventually(cloud.workers)
        invoke_a_lambda(cloud)
        mentioned = mentioning(str(state_dir))

    assert len(mentioned) >= 3  # the emulator, a task and a Lambda
    assert mentioning(str(state_dir)) == {}
    with pytest.raises(NotRunning):
        LocalCloud.attach(state_dir)


def test_a_killed_launcher_takes_everything_with_it(holder: subprocess.Popen[str], state_dir: Path) -> None:
    invoke_a_lambda(LocalCloud.attach(state_dir))

    holder.kill()

    eventually(lambda: not mentioning(str(state_dir)))


def test_a_killed_emulator_takes_tasks_and_lambdas_with_it(holder: subprocess.Popen[str], state_dir: Path) -> None:
    cloud = LocalCloud.attach(state_dir)
    eventually(cloud.workers)
    invoke_a_lambda(cloud)

    os.kill(cloud.record.pid, signal.SIGKILL)

    eventually(lambda: not set(mentioning(str(cloud.state.path))) - {holder.pid})


def test_everything_killed_at_once_leaves_nothing(holder: subprocess.Popen[str], state_dir: Path) -> None:
    cloud = LocalCloud.attach(state_dir)
    eventually(cloud.workers)
    invoke_a_lambda(cloud)

    holder.kill()
    os.kill(cloud.record.pid, signal.SIGKILL)

    eventually(lambda: not mentioning(str(state_dir)))


def test_what_a_crashed_run_left_is_noticed_and_cleaned_up(holder: subprocess.Popen[str], state_dir: Path) -> None:
    crashed = LocalCloud.attach(state_dir)
    invoke_a_lambda(crashed)
    os.kill(crashed.record.pid, signal.SIGKILL)
    holder.kill()
    eventually(lambda: StateDir.at(state_dir).owner_pid() is None)
    said: list[str] = []
    logs = ("emulator", "sweep_overdue_jobs")

    with pytest.raises(NotRunning):
        LocalCloud.attach(state_dir)
    before = [run("logs", name, state_dir=state_dir) for name in logs]
    emulator = EmulatorProcess.start(
        StateDir.at(state_dir), port=0, commands=COMMANDS, attached=True, report=said.append
    )
    emulator.stop()

    kept = next((state_dir / "earlier-logs").iterdir())
    assert "crashed" in said[0]
    assert "executions" in said[1]
    assert str(kept) in said[2]
    assert all(before)
    assert [run("logs", name, "--run", kept.name, state_dir=state_dir) for name in logs] == before


def test_a_process_id_of_a_crashed_run_is_never_taken_for_ours(state_dir: Path) -> None:
    bystander = subprocess.Popen(["sleep", "3600"])
    state = StateDir.at(state_dir)
    with state.lock() as lock:
        lock.transfer_to(bystander.pid)
    (state_dir / "state.json").write_text("{}")

    assert stop(state_dir)

    assert alive(bystander.pid)
    bystander.kill()
    bystander.wait()


def test_one_folder_has_one_cloud(holder: subprocess.Popen[str], state_dir: Path) -> None:
    with pytest.raises(AlreadyRunning, match="down"):
        EmulatorProcess.start(StateDir.at(state_dir), port=0, commands=COMMANDS, attached=True)


def test_a_port_that_is_taken_is_refused_clearly(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortInUse, match=f"Cannot listen on port {port} .* Another program may use it"):
            EmulatorProcess.start(StateDir.at(state_dir), port=port, commands=COMMANDS, attached=True)


def test_the_usual_port_gives_way_where_it_is_taken(state_dir: Path, cloud: LocalCloud) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if other.connect_ex(("127.0.0.1", 4566)):
            other.close()
            listener = socket.create_server(("127.0.0.1", 4566))
        else:
            listener = other
        emulator = EmulatorProcess.start(StateDir.at(state_dir), port=None, commands=COMMANDS, attached=True)
        emulator.stop()
        listener.close()

    assert not emulator.record.endpoint.endswith(":4566")


def test_ctrl_c_ends_a_cloud_in_the_foreground(state_dir: Path, assembly: Path) -> None:
    chosen = ("--port", "0", "--state-dir", str(state_dir), "--assembly", str(assembly))
    with started("-m", "local_cloud", "up", "--foreground", *chosen) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break

        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(HANGS_AFTER_S) == 130
