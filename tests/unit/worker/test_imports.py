"""The worker imports PyTorch without garbage collection, and collects as before afterwards."""

import gc

import pytest

from gpu_tasks.imports import pause_garbage_collection


def test_garbage_collection_pauses_during_imports_and_skips_their_objects() -> None:
    frozen = gc.get_freeze_count()

    with pause_garbage_collection():
        during = gc.isenabled()
        modules: list[list[object]] = [[] for _ in range(100)]

    assert not during
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(modules)


def test_garbage_is_collected_again_after_an_import_that_fails() -> None:
    with pytest.raises(ImportError), pause_garbage_collection():
        raise ImportError("no such module")

    assert gc.isenabled()
