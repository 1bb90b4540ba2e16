"""The linters of the API description find the mistakes that they must find."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NODE = Path(sys.executable).parent / "node"
SPECTRAL = ("@stoplight/spectral-cli/dist/index.js", "lint", "--quiet", "--fail-severity", "hint")
REDOCLY = ("@redocly/cli/bin/cli.js", "lint", "--config", "redocly.yaml", "--format", "stylish")


def leave_out_the_description(operation: dict[str, Any]) -> None:
    del operation["description"]


def ask_for_an_unknown_scope(operation: dict[str, Any]) -> None:
    operation["security"] = [{"service": ["craftspark/everything"]}]


def leave_out_the_summary(operation: dict[str, Any]) -> None:
    del operation["summary"]


@pytest.mark.parametrize(
    ("linter", "break_it", "rule"),
    [
        (SPECTRAL, leave_out_the_description, "operation-description"),
        (SPECTRAL, ask_for_an_unknown_scope, "oas3-operation-security-defined"),
        (REDOCLY, leave_out_the_summary, "operation-summary"),
    ],
)
def test_a_fault_in_the_description_is_found(
    tmp_path: Path, linter: tuple[str, ...], break_it: Callable[[dict[str, Any]], None], rule: str
) -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    break_it(document["paths"]["/v1/jobs"]["get"])
    broken = tmp_path / "openapi.json"
    broken.write_text(json.dumps(document))

    script, *options = linter
    command = [str(NODE), str(ROOT / "node_modules" / script), *options, str(broken)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 1, done.stdout + done.stderr
    assert rule in done.stdout
    assert re.search(r"\b1 (problem|error)\b", done.stdout + done.stderr), "this fault and no other"
