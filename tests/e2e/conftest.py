"""One local cloud, and an empty emulator for what does not need the stacks. Both stop when this folder is tested."""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from craftspark.aws.fleet.record import LAUNCHES_KEY
from local_cloud.faults import Fault, parse_faults
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.emulator_process import EmulatorProcess
from local_cloud.launcher.state import StateDir
from tests.assemblies import local_assembly
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.processes import mentioning
from tests.e2e.waiting import eventually

IDLE = (sys.executable, str(Path(__file__).parent / "emulator" / "tasks" / "idle_task.py"))
READY = (*IDLE, "--ready")
# Images that tests' own task definitions name.
PROGRAMS = {
    "idle": IDLE,
    "stubborn": (*IDLE, "--stubborn"),
    "parent": (*IDLE, "--with-child"),
    "broken": (sys.executable, "-c", "raise SystemExit(3)"),
}


@pytest.fixture(scope="session", autouse=True)
def http() -> Iterator[None]:
    """Closes the connections of all front ends."""
    yield
    HTTP.close()


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The local stage's cloud assembly."""
    return local_assembly(tmp_path_factory)


@pytest.fixture(scope="session")
def faults(pytestconfig: pytest.Config) -> tuple[Fault, ...]:
    """What `--faults` and `--fault-seed` choose for the deployed clouds. Without these options, there are none."""
    return parse_faults(pytestconfig.getoption("--faults"), pytestconfig.getoption("--fault-seed"))


@pytest.fixture(scope="package")
def cloud(assembly: Path, tmp_path_factory: pytest.TempPathFactory, faults: tuple[Fault, ...]) -> Iterator[LocalCloud]:
    """The running cloud that all tests of jobs share, with the real GPU worker."""
    with LocalCloud.run(tmp_path_factory.mktemp("cloud"), port=0, assembly=assembly) as running:
        running.stop_controller()  # these tests know how many workers run
        with running.under(*faults):
            yield running


@pytest.fixture(autouse=True)
def pools_can_wake(request: pytest.FixtureRequest) -> None:
    """Forget the launched tasks of earlier tests in the running cloud.

    Only the controller would notice that they have ended. While it is stopped, a launched task counts for an hour, and
    its pool can launch no other.
    """
    if "cloud" in request.fixturenames:
        running: LocalCloud = request.getfixturevalue("cloud")
        running.client("dynamodb").delete_item(TableName=running.outputs["JobsTableName"], Key=LAUNCHES_KEY)


@pytest.fixture(scope="package")
def warm(cloud: LocalCloud) -> LocalCloud:
    """The same cloud when a worker has drawn: no batch waits for its start, which can take longer than a batch may."""
    front_end = FrontEnd(cloud, cloud.sign_in("early@craftspark.example"))
    front_end.ended(front_end.accepted(count=1, steps=1))
    return cloud


@pytest.fixture
def maker(cloud: LocalCloud) -> str:
    """The access token of a maker nobody else is."""
    return cloud.sign_in(f"{uuid.uuid4().hex}@craftspark.example")


@pytest.fixture(scope="package")
def emulator_state(tmp_path_factory: pytest.TempPathFactory) -> StateDir:
    return StateDir.at(tmp_path_factory.mktemp("emulator"))


@pytest.fixture(scope="package")
def aws(emulator_state: StateDir) -> Iterator[Clients]:
    """Clients of an emulator with nothing deployed, started where a user's AWS configuration is in the way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_PROFILE", "production")
        patched.setenv("AWS_SESSION_TOKEN", "real")
        patched.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        emulator = EmulatorProcess.start(emulator_state, port=0, commands=PROGRAMS, attached=True)
    # From here on the environment is as it was: other tests run in this process too.
    try:
        emulator_state.write_record(emulator.record)  # so that commands find it
        yield Clients(emulator.record.endpoint)
    finally:
        emulator.stop()
        emulator_state.delete_record()


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder of one's own; nothing may mention it in the end, neither its command line nor its environment."""
    yield tmp_path / "state"
    eventually(lambda: not mentioning(str(tmp_path)))
