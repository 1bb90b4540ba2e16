"""How a run divides the tests among processes: a file is in one process, and so are all tests of the running cloud.

`pytest-xdist` has marks for such groups, but its release 3.8 does not find them in `pytest` 9.
"""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The fixture of the running local cloud. To start one, with its GPU worker and its Lambdas, takes many seconds.
CLOUD = "cloud"
# The key in the cache of `pytest`: the first process writes these tests for the scheduler.
CLOUD_TESTS = "craftspark/cloud_tests"


# Two processes start with the end-to-end tests: one with those of the running cloud, one with the others.
END_TO_END, PROCESSES_END_TO_END = "tests/e2e/", 2
STACKS = "tests/stacks/"


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Hand out files, and the tests of the running cloud as if they were one file.

    End-to-end tests wait for much of their time. So other processes have other tests meanwhile, which compute.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._cloud_tests: frozenset[str] | None = None

    def _assign_work_unit(self, node: Any) -> None:
        """Assign the next unit of the node's kind, or of the other kind when that has no more."""
        is_end_to_end = list(self.registered_collections).index(node) < PROCESSES_END_TO_END
        for scope in self.workqueue:
            if (scope == CLOUD or scope.startswith(END_TO_END)) == is_end_to_end:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        if self._cloud_tests is None:  # every process has collected its tests by now
            self._cloud_tests = frozenset(cache_of(self.config).get(CLOUD_TESTS, ()))
        return CLOUD if nodeid in self._cloud_tests else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler | None:
    """Divide by file in our way."""
    return Scheduler(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than the machine has processors, because end-to-end tests wait for much of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests of the running cloud first: together they take longest.

    Then those of the stacks. The first of them synthesizes the stages, and if two processes had such tests at the end,
    one would only wait for that.
    """
    items.sort(key=lambda item: (not uses_cloud(item), not item.nodeid.startswith(STACKS)))
    if getattr(config, "workerinput", {}).get("workerid") == "gw0":
        cache_of(config).set(CLOUD_TESTS, [item.nodeid for item in items if uses_cloud(item)])


def uses_cloud(item: pytest.Item) -> bool:
    """Whether the test uses the running cloud, directly or through another fixture."""
    return CLOUD in getattr(item, "fixturenames", ())


def cache_of(config: pytest.Config) -> pytest.Cache:
    """The cache of values between processes and runs."""
    assert config.cache is not None
    return config.cache
