"""Folders that take long to build. One process of a run builds each, and the other processes wait for it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

HANGS_AFTER_S = 600.0


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder with this name, which `make` has filled. All processes of a run share it.

    Raises the errors of `make`, and `filelock.Timeout` if another process does not finish it.
    """
    own = factory.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, complete = run / name, run / f"{name}.complete"
    with FileLock(run / f"{name}.lock", timeout=HANGS_AFTER_S):
        if not complete.exists():
            make(folder)
            complete.touch()
    return folder
