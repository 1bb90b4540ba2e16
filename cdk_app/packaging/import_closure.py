"""The modules that a handler needs, read from its source without running it."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FIRST_PARTY = ("craftspark", "lambdas")


class PackagingFailed(Exception):
    """A Lambda's package cannot be built; the message says what is missing."""


@dataclass(frozen=True)
class ImportClosure:
    """`files` are our modules, relative to the root, and the files in the folder `data` of each of our packages.

    `packages` are the top-level names of everything else that the modules import.
    """

    files: tuple[Path, ...]
    packages: tuple[str, ...]


def find_import_closure(entry: Path, *, root: Path) -> ImportClosure:
    """Follow the imports of a file, also inside functions; raises PackagingFailed if one of our modules is missing."""
    if not (root / entry).is_file():
        raise PackagingFailed(f"{entry} does not exist")
    files: set[Path] = set()
    packages: set[str] = set()

    @cache
    def find_module_file(module: str) -> Path | None:
        return _find_module_file(module, root)

    waiting = [entry, *_find_initializers(entry, root)]
    while waiting:
        file = waiting.pop()
        if file in files or (root / file).is_dir():  # a folder without __init__.py has nothing to run
            continue
        files.add(file)
        for module in _find_imports(file, root, find_module_file):
            if module.partition(".")[0] not in FIRST_PARTY:
                packages.add(module.partition(".")[0])
            elif found := find_module_file(module):
                waiting += [found, *_find_initializers(found, root)]
            else:
                raise PackagingFailed(f"{file} imports {module}, which does not exist")
    return ImportClosure(tuple(sorted([*files, *_find_data(files, root)])), tuple(sorted(packages)))


def _find_data(files: Iterable[Path], root: Path) -> Iterator[Path]:
    for file in files:
        if file.name == "__init__.py":
            yield from (path.relative_to(root) for path in (root / file.parent / "data").glob("*") if path.is_file())


def _find_imports(file: Path, root: Path, find_module_file: Callable[[str], Path | None]) -> Iterator[str]:
    """Names of imported modules. A name that is imported from one of our packages may be a module, too."""
    for statement in _read_imports((root / file).read_bytes(), str(file)):
        package = file.parent.parts[: len(file.parent.parts) + 1 - statement.level] if statement.level else ()
        module = ".".join([*package, *filter(None, [statement.module])])
        yield module
        if module.partition(".")[0] in FIRST_PARTY:
            yield from (name for name in (f"{module}.{taken}" for taken in statement.names) if find_module_file(name))


@dataclass(frozen=True)
class _Import:
    """`import module`, or `from <level dots><module> import <names>`."""

    module: str | None
    level: int = 0
    names: tuple[str, ...] = ()


@cache
def _read_imports(source: bytes, name: str) -> tuple[_Import, ...]:
    """The imports of a source file. The packages of all Lambdas share most files, so each content is parsed once."""
    found: list[_Import] = []
    for node in _walk_running_code(ast.parse(source, name)):
        if isinstance(node, ast.Import):
            found += [_Import(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(_Import(node.module, node.level, tuple(alias.name for alias in node.names)))
    return tuple(found)


def _walk_running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, without the code that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from (inner for branch in node.orelse for inner in (branch, *_walk_running_code(branch)))
        else:
            yield node
            yield from _walk_running_code(node)


def _find_module_file(module: str, root: Path) -> Path | None:
    path = Path(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if (root / file).is_file():
            return file
    return path if (root / path).is_dir() else None


def _find_initializers(file: Path, root: Path) -> list[Path]:
    """The `__init__.py` of the packages around a module, which Python runs first."""
    found = (parent / "__init__.py" for parent in file.parents if parent != Path())
    return [initializer for initializer in found if (root / initializer).is_file()]
