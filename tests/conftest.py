"""What every folder of tests shares."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Powertools reads these when a handler is imported.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Craftspark"
os.environ["POWERTOOLS_SERVICE_NAME"] = "test"

# The same examples on every machine, however slow it is.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("same")

TESTS = Path(__file__).parent
# Fixtures of a session that are dear: what uses one of them runs in one process.
SHARED = ("cloud", "aws")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests share a process where several run the suite: a file's, and those around one dear fixture."""
    files = {item.path for item in items}
    groups = {file: group_of(file, [item for item in items if item.path == file]) for file in files}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.path]))


def group_of(file: Path, items: list[pytest.Item]) -> str:
    folder = file.relative_to(TESTS).parts[0]
    if folder == "stacks":
        return folder  # one synthesis of each stage
    if folder == "e2e":
        for fixture in SHARED:
            # More than half: a file with a cloud of its own may still ask one thing of the shared one.
            using = [item for item in items if fixture in getattr(item, "fixturenames", ())]
            if len(using) > len(items) / 2:
                return f"{folder}/{fixture}"
    return str(file.relative_to(TESTS))
