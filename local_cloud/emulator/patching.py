"""Replace parts of the emulator, and only parts that we have read."""

import hashlib
import inspect
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

VERSION = "1.5.33"


class EmulatorChanged(Exception):
    """A part to be replaced is not the one that the replacement was written against."""


@dataclass(frozen=True)
class Target:
    """One attribute of the emulator: `owner` is a module, class or mapping, `name` its attribute or key.

    `fingerprint` is that of the part as it was read; None says that it must not exist at all.
    """

    owner: Any
    name: str
    fingerprint: str | None

    def read(self) -> Any:
        if isinstance(self.owner, MutableMapping):
            return self.owner.get(self.name)
        return getattr(self.owner, self.name, None)

    def replace(self, value: Any) -> None:
        if isinstance(self.owner, MutableMapping):
            self.owner[self.name] = value
        else:
            setattr(self.owner, self.name, value)

    def __str__(self) -> str:
        return f"{getattr(self.owner, '__name__', 'a table')}.{self.name}"


@dataclass(frozen=True)
class Patch:
    """One closed gap: what is missing and why it matters, what is replaced, and the replacing."""

    name: str
    gap: str
    targets: tuple[Target, ...]
    apply: Callable[[], None]

    def check(self) -> None:
        """Raise EmulatorChanged unless every target is what this patch was written against."""
        for target in self.targets:
            found = target.read()
            actual = None if found is None else fingerprint(found)
            if actual != target.fingerprint:
                raise EmulatorChanged(
                    f"The patch '{self.name}' replaces {target} of ministack {VERSION}, but the installed one "
                    f"({version('ministack')}) differs: fingerprint {actual}, expected {target.fingerprint}. "
                    "Read what changed, then change or drop the patch."
                )


def fingerprint(part: Any) -> str:
    """The first half of the SHA-256 of a function's source, or of a constant's text."""
    text = inspect.getsource(part) if callable(part) else repr(part)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def apply_all(patches: Iterable[Patch]) -> None:
    """Check every patch first, so that none is measured against another's work; then apply them in order."""
    chosen = tuple(patches)
    for patch in chosen:
        patch.check()
    for patch in chosen:
        patch.apply()
