"""Replace parts of the emulator, if the installed parts are those that the replacements were written for."""

import hashlib
import inspect
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

VERSION = "1.5.33"


class EmulatorChanged(Exception):
    """A part of the installed emulator differs from the one that a patch was written for."""


@dataclass(frozen=True)
class Target:
    """A part of the emulator that a patch relies on, as an attribute or a key.

    `owner` is a module, a class or a mapping. `fingerprint` identifies the part that the patch was written for; None
    means that the part must not exist.
    """

    owner: Any
    name: str
    fingerprint: str | None

    def read(self) -> Any:
        if isinstance(self.owner, MutableMapping):
            return self.owner.get(self.name)
        return getattr(self.owner, self.name, None)

    def write(self, value: Any) -> None:
        if isinstance(self.owner, MutableMapping):
            self.owner[self.name] = value
        else:
            setattr(self.owner, self.name, value)

    def apply(self) -> None:
        """Leave the part as it is."""

    def __str__(self) -> str:
        return f"{getattr(self.owner, '__name__', 'a table')}.{self.name}"


@dataclass(frozen=True)
class Replacement(Target):
    """A part that a patch replaces with a value."""

    value: Any

    def apply(self) -> None:
        self.write(self.value)


@dataclass(frozen=True)
class Extension(Target):
    """A part that several patches extend. `extend` takes the current value and returns the new one."""

    extend: Callable[[Any], Any]

    def apply(self) -> None:
        self.write(self.extend(self.read()))


@dataclass(frozen=True)
class Patch:
    """A patch that closes one gap of the emulator. `gap` is what the emulator does without it."""

    name: str
    gap: str
    targets: tuple[Target, ...]

    def check(self) -> None:
        """Raises EmulatorChanged unless every target is the part that this patch was written for."""
        for target in self.targets:
            part = target.read()
            actual = None if part is None else fingerprint(part)
            if actual != target.fingerprint:
                raise EmulatorChanged(
                    f"The patch '{self.name}' was written for {target} of ministack {VERSION}, but the installed one "
                    f"({version('ministack')}) differs: fingerprint {actual}, expected {target.fingerprint}. "
                    "Read what changed, then change or delete the patch."
                )

    def apply(self) -> None:
        for target in self.targets:
            target.apply()


def fingerprint(part: Any) -> str:
    """The first half of the SHA-256 of a function's source, a module's name or a constant's text."""
    return hashlib.sha256(_text_of(part).encode()).hexdigest()[:32]


def _text_of(part: Any) -> str:
    if inspect.ismodule(part):
        return part.__name__
    return _source_of(part) if callable(part) else repr(part)


@cache  # a third of the parts are targets of several patches
def _source_of(part: Callable[..., Any]) -> str:
    return inspect.getsource(part)


def apply_all(patches: Iterable[Patch]) -> None:
    """Check all patches, then apply them in order. The checks come first because patches may share a target."""
    ordered = tuple(patches)
    for patch in ordered:
        patch.check()
    for patch in ordered:
        patch.apply()
