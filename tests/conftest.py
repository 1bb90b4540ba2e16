"""What every folder of tests shares."""

import gc
import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.distribution import (  # noqa: F401 - pytest finds hooks here
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

# Powertools reads these when a handler is imported.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Craftspark"
os.environ["POWERTOOLS_SERVICE_NAME"] = "test"

# The same examples on every machine, however slow it is.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the end-to-end tests, here because `pytest` reads options only from this folder on."""
    group = parser.getgroup("faults of AWS")
    group.addoption("--faults", default="", help="faults of the local cloud, such as throttle=0.05,duplicate=0.1")
    group.addoption("--fault-seed", type=int, default=0, help="which calls they strike")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import all tests without garbage collection: the modules that they import stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A separate folder for temporary files. At the end, it must not contain files of this repository's code."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(folder))
        patched.setattr(tempfile, "tempdir", str(folder))
        yield
    left = sorted(path.name for path in folder.glob("craftspark-*"))
    assert not left, f"whoever makes a temporary folder deletes it; these are left: {left}"
