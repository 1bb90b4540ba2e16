"""Which modules a handler needs: read from its source, without running it."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST_PARTY = ("craftspark", "lambdas")


class PackagingFailed(Exception):
    """A Lambda's package cannot be made; the message says what is missing."""


@dataclass(frozen=True)
class ImportClosure:
    """`files` are ours, relative to the root; `packages` are the top-level names of everything else they import.

    What lies in the folder `data` of a package of ours goes along with it.
    """

    files: tuple[Path, ...]
    packages: tuple[str, ...]


def import_closure(entry: Path, *, root: Path) -> ImportClosure:
    """Follow the imports of a file, those inside functions too; raises PackagingFailed where one of ours is missing."""
    if not (root / entry).is_file():
        raise PackagingFailed(f"there is no {entry}")
    files: set[Path] = set()
    packages: set[str] = set()
    waiting = [entry, *_initializers(entry, root)]
    while waiting:
        file = waiting.pop()
        if file in files or (root / file).is_dir():  # a folder without __init__.py has nothing to run
            continue
        files.add(file)
        for module in _imported(file, root):
            if module.partition(".")[0] in FIRST_PARTY:
                waiting += _first_party_files(module, imported_by=file, root=root)
            else:
                packages.add(module.partition(".")[0])
    return ImportClosure(tuple(sorted([*files, *_data(files, root)])), tuple(sorted(packages)))


def _data(files: Iterable[Path], root: Path) -> Iterator[Path]:
    for file in files:
        if file.name == "__init__.py":
            yield from (path.relative_to(root) for path in (root / file.parent / "data").glob("*") if path.is_file())


def _imported(file: Path, root: Path) -> Iterator[str]:
    """Names of modules, and of what is taken out of ours, because that may be a module as well."""
    for node in _running_code(ast.parse((root / file).read_bytes(), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = list(file.parent.parts[: len(file.parent.parts) + 1 - node.level]) if node.level else []
            module = ".".join([*package, *filter(None, [node.module])])
            yield module
            if module.partition(".")[0] in FIRST_PARTY:
                taken = (f"{module}.{alias.name}" for alias in node.names)
                yield from (name for name in taken if _module_file(name, root))


def _running_code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, leaving out what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from (inner for branch in node.orelse for inner in (branch, *_running_code(branch)))
        else:
            yield node
            yield from _running_code(node)


def _first_party_files(module: str, *, imported_by: Path, root: Path) -> list[Path]:
    file = _module_file(module, root)
    if file is None:
        raise PackagingFailed(f"{imported_by} imports {module}, which is not there")
    return [file, *_initializers(file, root)]


def _module_file(module: str, root: Path) -> Path | None:
    path = Path(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if (root / file).is_file():
            return file
    return path if (root / path).is_dir() else None


def _initializers(file: Path, root: Path) -> list[Path]:
    """The `__init__.py` of the packages around a module, which Python runs first."""
    found = (parent / "__init__.py" for parent in file.parents if parent != Path())
    return [initializer for initializer in found if (root / initializer).is_file()]
