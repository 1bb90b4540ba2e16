"""What a Lambda loads when it starts cold."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDLERS = sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py"))
ALLOWED = {"check_upload": {"PIL"}}  # it decodes pictures
NEVER = ("torch", "diffusers", "transformers", "PIL", "numpy", "aws_cdk", "gpu_tasks", "cdk_app", "local_cloud")


@pytest.mark.parametrize("function", HANDLERS)
def test_a_handler_loads_nothing_heavy_and_reads_no_setting(function: str) -> None:
    never = [name for name in NEVER if name not in ALLOWED.get(function, ())]
    program = f"import lambdas.{function}.handler, sys; print([name for name in {never} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, text=True, timeout=600, check=False
    )

    assert done.stderr == ""
    assert done.stdout.strip() == "[]"
