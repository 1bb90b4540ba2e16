"""The modules that a Lambda loads at a cold start."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.forked_imports import import_each

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))
# They decode pictures, or compute vectors.
ALLOWED = {"check_upload": {"PIL"}, "index_pictures": {"PIL", "numpy"}, "search_pictures": {"numpy"}}
NEVER = ("torch", "diffusers", "transformers", "PIL", "numpy", "aws_cdk", "gpu_tasks", "cdk_app", "local_cloud")

# A heavy module in the part that all handlers share is loaded in every child, and fails every test.
SHARED = "import aws_lambda_powertools.event_handler, boto3, craftspark.tools, s3transfer.manager"
CHILD = """
import importlib

importlib.import_module(f"lambdas.{name}.handler")
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print("loaded", json.dumps(loaded), flush=True)
"""


@pytest.fixture(scope="module")
def cold_starts() -> dict[str, dict[str, Any]]:
    """The exit status and the output of each handler's import, in a process without any settings."""
    return import_each(HANDLERS, shared=SHARED, child=CHILD, facts={}, folder=ROOT, environment={})


@pytest.mark.parametrize("function", HANDLERS)
def test_a_handler_loads_nothing_heavy_and_reads_no_setting(
    function: str, cold_starts: dict[str, dict[str, Any]]
) -> None:
    start = cold_starts[function]

    assert start["status"] == 0, start["said"]
    said, _, loaded = start["said"].rpartition("loaded ")
    assert said == ""  # no warning, and nothing printed
    assert not {*NEVER} - ALLOWED.get(function, set()) & {*json.loads(loaded)}


@pytest.mark.parametrize("function", ["submit_job", "check_upload"])
def test_no_garbage_is_collected_while_a_handler_is_imported(function: str) -> None:
    program = (
        "import gc; count = lambda: [each['collections'] for each in gc.get_stats()]; before = count(); "
        f"import lambdas.{function}.handler; print(before == count())"
    )

    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ended.stdout == "True\n"
