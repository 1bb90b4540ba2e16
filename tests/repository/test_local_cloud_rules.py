"""docs/local-cloud.md names every patch of the emulator, and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "local-cloud.md"
PATCHES = ROOT / "local_cloud" / "emulator" / "patches"
TEST = re.compile(r"`(test_\w+)::(test_\w+)`")
DOCUMENT = re.compile(r"\]\((https://[^)]+)\)")
AWS = "https://docs.aws.amazon.com/"


def find_rows() -> list[tuple[str, str, str]]:
    """The rule, what keeps it, and its test, of each row of a table."""
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ") and "::" in line]
    return [(cells[0], cells[1], cells[2]) for cells in rows]


@cache
def functions_in(module: str) -> frozenset[str]:
    [file] = (ROOT / "tests" / "e2e").rglob(f"{module}.py")
    return frozenset(node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", find_rows(), ids=lambda row: TEST.findall(row[2])[0][1])
def test_a_rule_has_a_test_that_exists(row: tuple[str, str, str]) -> None:
    for module, name in TEST.findall(row[2]):
        assert name in functions_in(module)


def test_each_rule_has_a_document_of_aws() -> None:
    rules = PAGE.read_text().partition("## What a laptop needs")[0]
    rows = [line for line in rules.splitlines() if "::" in line]

    assert len(rows) >= 60
    for row in rows:
        [document] = DOCUMENT.findall(row)
        assert document.startswith(AWS)


def test_every_patch_keeps_a_rule_or_says_why_it_is_there() -> None:
    named = {name for _, by, _ in find_rows() for name in re.findall(r"`([\w/]+)`", by)}
    named |= {name for rule, _, _ in find_rows() for name in re.findall(r"^\| `([\w/]+)`$", rule)}

    files = {file.relative_to(PATCHES).with_suffix("") for file in PATCHES.rglob("*.py") if file.stem != "__init__"}
    assert named == {str(file) for file in files}
