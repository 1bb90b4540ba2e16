"""`python -m local_cloud`, called like by a user."""

import os
import subprocess
import sys
from pathlib import Path

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.emulator_process import REPOSITORY
from tests.e2e.waiting import HANGS_AFTER_S


def invoke_a_lambda(cloud: LocalCloud) -> None:
    """Start the process of a Lambda."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    names = (each["FunctionName"] for page in pages for each in page["Functions"])
    name = next(name for name in names if "SweepOverdueJobs" in name)
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert "FunctionError" not in answer


def run(*arguments: str, state_dir: Path, status: int = 0) -> str:
    """The output of a command of `python -m local_cloud`."""
    done = subprocess.run(
        [sys.executable, "-m", "local_cloud", *arguments, "--state-dir", str(state_dir)],
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER_S,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr
