"""The stock CDK CLI bootstraps and deploys every stack to the local cloud, as to an AWS account."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx

from local_cloud.launcher.cloud import COMMANDS
from local_cloud.launcher.emulator_process import REPOSITORY, EmulatorProcess
from local_cloud.launcher.environment import ACCOUNT, REGION, isolated_environment
from local_cloud.launcher.state import StateDir
from tests.e2e.front_end import HTTP

CDK = REPOSITORY / "node_modules" / ".bin" / "cdk"
HANGS_AFTER_S = 900


def cdk(*arguments: str, endpoint: str, folder: Path) -> None:
    """Run the CLI in the folder, with the project's own Python and Node."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [CDK, *arguments],
        cwd=folder,
        env=isolated_environment()
        | {"AWS_ENDPOINT_URL": endpoint, "HOME": str(Path.home()), "PATH": path, "CI": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANGS_AFTER_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_cdk_cli_bootstraps_and_deploys_all_stacks(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    state = StateDir.at(tmp_path / "state")
    emulator = EmulatorProcess.start(state, port=0, commands=dict.fromkeys(COMMANDS, ("sleep", "600")), attached=True)
    try:
        endpoint = emulator.record.endpoint
        # A folder without an app: with a given account, bootstrap needs no app, which the CLI would synthesize first.
        cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", endpoint=endpoint, folder=tmp_path)
        chosen = ("-c", "stage=local", "--output", str(tmp_path / "cdk.out"), "--outputs-file", str(outputs))
        cdk("deploy", "--all", "--require-approval", "never", *chosen, endpoint=endpoint, folder=REPOSITORY)
        api = json.loads(outputs.read_text())["Craftspark-Local-Api"]["ApiUrl"]

        answer = HTTP.get(f"{api}/v1/account")

        assert answer.status_code == httpx.codes.UNAUTHORIZED
    finally:
        emulator.stop()
