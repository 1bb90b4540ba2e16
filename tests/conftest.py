"""What every folder of tests shares."""

import gc
import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Powertools reads these when a handler is imported.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Craftspark"
os.environ["POWERTOOLS_SERVICE_NAME"] = "test"

# The same examples on every machine, however slow it is.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("same")


# The fixture of the running local cloud: starting one, with its GPU worker and its Lambdas, takes many seconds.
CLOUD = "cloud"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than the machine has processors, because end-to-end tests wait for much of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of the running cloud in one process, first, and the other tests of a file in one process."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(CLOUD if uses_cloud(item) else item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: not uses_cloud(item))


def uses_cloud(item: pytest.Item) -> bool:
    """Whether the test uses the running cloud, directly or through another fixture."""
    return CLOUD in getattr(item, "fixturenames", ())


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
    """A place of their own for temporary files; none of ours may be there in the end."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(folder))
        patched.setattr(tempfile, "tempdir", str(folder))
        yield
    left = sorted(path.name for path in folder.glob("craftspark-*"))
    assert not left, f"whoever makes a temporary folder deletes it; these are left: {left}"
