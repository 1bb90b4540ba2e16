"""Folders that take long to make: one process of a run makes each, the others wait for it and read it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

HANGS_AFTER_S = 600.0


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, which `make` has filled; every process of this run of the suite gets the same.

    Raises what `make` raises, and filelock.Timeout where another process hangs in it.
    """
    own = factory.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, complete = run / name, run / f"{name}.complete"
    with FileLock(run / f"{name}.lock", timeout=HANGS_AFTER_S):
        if not complete.exists():
            make(folder)
            complete.touch()
    return folder
