"""`python -m scripts.room_map`: write the map of the rooms in docs/design.md from the packages and their imports."""

import ast
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "design.md"
PACKAGES = ("craftspark", "lambdas", "gpu_tasks", "cdk_app", "stacks", "local_cloud", "simulation")
DIVIDED = ("craftspark.aws", "gpu_tasks.tools", "gpu_tasks.training")  # rooms that contain rooms
START, END = "<!-- The map of the rooms: `make fix` writes it. -->\n", "<!-- The end of the map. -->\n"
TABLE_HEAD = "| room | what it holds | imports from |\n|---|---|---|\n"


@dataclass(frozen=True)
class Room:
    """A package: the first line of its docstring, and the other rooms of its top-level package that it imports."""

    name: str
    purpose: str
    imports: tuple[str, ...]


def find_rooms(root: Path = ROOT) -> list[Room]:
    """The rooms below each top-level package, in the order of their names. A Lambda's folder is not a room."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    folders = {
        ".".join(file.parent.relative_to(root).parts): file
        for package in PACKAGES
        for file in sorted((root / package).rglob("__init__.py"))
        if not (file.parent / "handler.py").exists()
    }
    names = [name for name in folders if _is_room(name)]
    found = []
    for name in names:
        modules = {name} | graph.find_descendants(name)
        imported = {
            _find_room(other, names) for module in modules for other in graph.find_modules_directly_imported_by(module)
        }
        siblings = sorted(other for other in imported - {None, name} if other and _are_siblings(name, other))
        found.append(Room(name, _read_purpose(folders[name]), tuple(siblings)))
    return found


def _is_room(name: str) -> bool:
    parent, _, _ = name.rpartition(".")
    return parent in PACKAGES or parent in DIVIDED


def _find_room(module: str, names: list[str]) -> str | None:
    """The innermost room that holds the module."""
    return max((name for name in names if f"{module}.".startswith(f"{name}.")), key=len, default=None)


def _are_siblings(name: str, other: str) -> bool:
    """Whether both are in one top-level package, and neither is inside the other."""
    return (
        name.split(".")[0] == other.split(".")[0]
        and not other.startswith(f"{name}.")
        and not name.startswith(f"{other}.")
    )


def _read_purpose(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return docstring.partition("\n")[0]


def insert_map(page: str, found: list[Room]) -> str:
    """The page with one table row per room between its two marks. The rest of the page does not change."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return before + START + "\n" + TABLE_HEAD + "".join(map(_format_row, found)) + "\n" + END + after


def _format_row(room: Room) -> str:
    imports = ", ".join(map(_format_path, room.imports)) or "-"
    return f"| {_format_path(room.name)} | {room.purpose} | {imports} |\n"


def _format_path(name: str) -> str:
    return f"`{name.replace('.', '/')}`"


if __name__ == "__main__":
    PAGE.write_text(insert_map(PAGE.read_text(), find_rooms()))
