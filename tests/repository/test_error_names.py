"""An error whose name leaves a process is a class of `craftspark.errors`, and nothing else spells its name."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from craftspark import errors
from craftspark.errors import aws_names

ROOT = Path(__file__).parents[2]
RUNTIMES = ("cdk_app", "stacks", "lambdas", "gpu_tasks")
HOME = "craftspark/errors/"

# Strings that are equal to the name of an error by chance, by file: metrics, and the id of a construct.
OTHERS = {
    ("cdk_app/observability/own_metrics.py", "JobOverdue"),
    ("cdk_app/observability/own_metrics.py", "ModerationUnavailable"),
    ("cdk_app/private_network.py", "Rejected"),
    ("lambdas/http/endpoint.py", "RequestRefused"),
    ("lambdas/settle_training/handler.py", "TrainingFailed"),
    ("lambdas/sweep_overdue_jobs/handler.py", "JobOverdue"),
    ("lambdas/wiring/moderation.py", "ModerationUnavailable"),
    ("stacks/operations.py", "JobOverdue"),
}


def sources(*packages: str) -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def classes_of(files: Mapping[str, str]) -> Iterator[tuple[str, ast.ClassDef]]:
    for file, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                yield file, node


def family() -> set[str]:
    """CraftsparkError and all classes that derive from it in `craftspark.errors`."""
    return {"CraftsparkError", *(node.name for file, node in classes_of(sources(HOME)) if node.name != "Retry")}


def bases_of(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def away_from_home(files: Mapping[str, str]) -> set[str]:
    """Classes of the family that other modules define."""
    known = family()
    return {node.name for file, node in classes_of(files) if not file.startswith(HOME) and bases_of(node) & known}


def raised_families(files: Mapping[str, str]) -> set[str]:
    """Families that are raised or returned themselves, under a name that is in no list."""
    families = {base for _, node in classes_of(sources(HOME)) for base in bases_of(node)} - {"Exception", "Enum"}
    calls = (node for text in files.values() for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return {ast.unparse(call.func).rpartition(".")[2] for call in calls} & families


def aws_spellings() -> set[str]:
    held = [value for name, value in vars(aws_names).items() if name.isupper()]
    return {name for value in held for name in ([value] if isinstance(value, str) else value)}


def spelled(files: Mapping[str, str]) -> set[tuple[str, str]]:
    """Error names in strings, whole or in single quotes inside, as an expression of a state machine has them."""
    ours = family() | aws_spellings()
    of_aws = re.compile(r"\b(?:States|AmazonECS|ECS|Lambda|SQS|Sqs|EventBridge)\.[A-Z]\w+")
    found = set()
    for file, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                words = {node.value, *re.findall(r"'(\w+)'", node.value)} & ours
                found |= {(file, word) for word in (*words, *of_aws.findall(node.value))}
    return found


def test_errors_are_defined_in_one_package() -> None:
    everything = sources("craftspark", *RUNTIMES, "local_cloud", "benchmarks", "scripts")
    planted = "class Lost(errors.RenderError, retry=Retry.NEVER): ..."

    assert away_from_home(everything) == set()
    assert away_from_home({**everything, "gpu_tasks/planted.py": planted}) == {"Lost"}


def test_no_base_class_of_errors_is_raised() -> None:
    everything = sources("craftspark", *RUNTIMES)

    assert raised_families(everything) == set()
    assert raised_families({"x.py": "def f() -> None:\n    raise errors.RenderError('x')"}) == {"RenderError"}


def test_no_runtime_writes_the_name_of_an_error_as_text() -> None:
    everything = sources(*RUNTIMES, "craftspark/jobs", "craftspark/styles")
    planted = "ERRORS = ['SpotInterrupted', 'States.Timeout']\nELSE = \"{% $x ? $y : 'RenderFailed' %}\""

    assert spelled(everything) == OTHERS
    assert spelled({"x.py": planted}) == {
        ("x.py", "SpotInterrupted"),
        ("x.py", "States.Timeout"),
        ("x.py", "RenderFailed"),
    }


def test_every_error_is_used() -> None:
    for module in pkgutil.iter_modules(errors.__path__, f"{errors.__name__}."):
        importlib.import_module(module.name)
    text = "\n".join(sources("craftspark", *RUNTIMES).values())

    # The definition is the first occurrence of the name.
    assert [name for name in sorted(family()) if len(re.findall(rf"\b{name}\b", text)) < 2] == []
