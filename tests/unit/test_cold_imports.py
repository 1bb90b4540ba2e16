"""What a Lambda loads when it starts cold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))
ALLOWED = {"check_upload": {"PIL"}}  # it decodes pictures
NEVER = ("torch", "diffusers", "transformers", "PIL", "numpy", "aws_cdk", "gpu_tasks", "cdk_app", "local_cloud")

# Imports what all handlers share, then forks once for each handler: a child has loaded what the handler needs and no
# other handler's modules. Whatever is heavy in the shared part is loaded in every child, and fails every test.
PARENT = """
import importlib, json, os, sys, tempfile

import aws_lambda_powertools.event_handler, boto3, craftspark.tools, s3transfer.manager

for handler in json.load(sys.stdin):
    with tempfile.TemporaryFile() as said:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            importlib.import_module(f"lambdas.{handler}.handler")
            loaded = sorted({name.partition(".")[0] for name in sys.modules})
            print("loaded", json.dumps(loaded), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        text = said.read().decode()
    print(json.dumps({"handler": handler, "status": status, "said": text}))
"""


@pytest.fixture(scope="module")
def cold_starts() -> dict[str, dict[str, Any]]:
    """How each handler's import ended in a process without any setting, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", PARENT],
        input=json.dumps(HANDLERS),
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {start["handler"]: start for start in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("function", HANDLERS)
def test_a_handler_loads_nothing_heavy_and_reads_no_setting(
    function: str, cold_starts: dict[str, dict[str, Any]]
) -> None:
    start = cold_starts[function]

    assert start["status"] == 0, start["said"]
    said, _, loaded = start["said"].rpartition("loaded ")
    assert said == ""  # no warning, and nothing printed
    assert not {*NEVER} - ALLOWED.get(function, set()) & {*json.loads(loaded)}
