"""The type checker reads every module of the CDK that is used. A skipped module would have no types."""

import ast
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
# The modules that every module of the CDK needs.
ALWAYS = {"aws_cdk", "aws_cdk._jsii", "aws_cdk.interfaces"}


def checked_files() -> Iterator[Path]:
    for name in MYPY["files"]:
        yield from (ROOT / name).rglob("*.py") if (ROOT / name).is_dir() else [ROOT / name]


def cdk_modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("aws_cdk."))
        elif isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
            yield from (f"aws_cdk.{alias.name}" for alias in node.names if alias.name.startswith("aws_"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
            yield str(node.module)


def test_every_module_of_the_cdk_that_is_used_is_read() -> None:
    sources = (file.read_text() for file in checked_files())
    used = {module for source in sources if "aws_cdk" in source for module in cdk_modules(source)}

    interfaces = {module.replace("aws_cdk.", "aws_cdk.interfaces.") for module in used}

    [read] = [each["module"] for each in MYPY["overrides"] if each.get("follow_imports") == "normal"]

    assert {*read} == used | ALWAYS | {module for module in interfaces if find_spec(module)}
    assert read == sorted(read)
