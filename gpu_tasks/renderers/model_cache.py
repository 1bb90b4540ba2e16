"""The cache of loaded models, within a budget of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Generic, TypeVar

T = TypeVar("T")


class MemoryExceeded(Exception):
    """The model does not fit the memory that is free."""


class ModelCache(Generic[T]):
    """Loaded models by name. Before a model is loaded, the least recently used ones are unloaded until it fits.

    `needs_gib` returns the memory that several models need together. If one model exceeds `budget_gib`, it is
    loaded without others: the stage has checked that it fits the device. `open_model` may raise any error, and the
    model is not loaded then. After MemoryExceeded it is loaded again without the others.
    """

    def __init__(
        self,
        *,
        open_model: Callable[[str], T],
        close_model: Callable[[T], None],
        needs_gib: Callable[[Collection[str]], float],
        budget_gib: float,
    ) -> None:
        self._open = open_model
        self._close = close_model
        self._needs_gib = needs_gib
        self._budget_gib = budget_gib
        self._loaded: OrderedDict[str, T] = OrderedDict()

    @property
    def loaded(self) -> Collection[str]:
        """The names of the loaded models, the least recently used one first."""
        return self._loaded.keys()

    def fits(self, name: str) -> bool:
        """Return whether the model can be loaded without unloading another."""
        return not self._loaded or self._needs_gib([*self._loaded, name]) <= self._budget_gib

    def use(self, name: str) -> T:
        """Return a model, loaded if necessary. Raises MemoryExceeded, and the errors of `open_model`."""
        if name not in self._loaded:
            while not self.fits(name):
                self.unload(next(iter(self._loaded)))
            self._loaded[name] = self._load(name)
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def _load(self, name: str) -> T:
        try:
            return self._open(name)
        except MemoryExceeded:
            if not self._loaded:
                raise
        # Outside of the `except` block, because the traceback refers to the partly loaded model.
        for other in [*self._loaded]:
            self.unload(other)
        return self._open(name)

    def unload(self, name: str) -> None:
        """Unload a model."""
        self._close(self._loaded.pop(name))
