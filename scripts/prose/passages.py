"""The texts that people read: Markdown pages, the OpenAPI description, docstrings and comments."""

import ast
import inspect
import io
import json
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DESCRIBING = ("summary", "description")
NOT_PROSE = ("example", "examples", "default", "const", "enum", "pattern")
NO_COMMENT = re.compile(r"#\s*(noqa|type:|pragma|mypy:|ruff:|fmt:|!)")


@dataclass(frozen=True)
class Passage:
    """Markdown of one or several lines. `places` has the place of each line: `path:line` or `path#pointer`."""

    text: str
    places: tuple[str, ...]


def read_passages(file: Path, name: str) -> list[Passage]:
    """Read the texts of a file. Findings show its `name`. A file without prose has no passages."""
    if file.suffix == ".md":
        return [_number_lines(name, 1, file.read_text())]
    if file.suffix == ".json":
        return list(_find_descriptions(json.loads(file.read_text()), name, ""))
    if file.suffix == ".py":
        source = file.read_text()
        return [*_find_docstrings(source, name), *_find_comments(source, name)]
    return []


def list_files(place: str, root: Path) -> list[Path]:
    """The file, or all files of a folder that Git tracks or could add. Raises ValueError if there are none."""
    command = ("git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "--", place)
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    whole = (root / place).is_file()
    found = [root / name for name in listed if whole or not name.endswith(".json")]
    if not found:
        raise ValueError(f"no file is in {place}")
    return [file for file in found if file.is_file()]


def _number_lines(name: str, first: int, text: str) -> Passage:
    return Passage(text, tuple(f"{name}:{first + number}" for number in range(len(text.splitlines()) or 1)))


def _find_descriptions(node: object, name: str, pointer: str) -> Iterator[Passage]:
    """Every summary and description of a JSON document, with its JSON pointer."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _find_descriptions(item, name, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        at = f"{pointer}/{key.replace('/', '~1')}"
        if key in DESCRIBING and isinstance(value, str):
            yield Passage(value.strip(), (f"{name}#{at}",) * (len(value.strip().splitlines()) or 1))
        elif key not in NOT_PROSE or pointer.endswith("/properties"):
            yield from _find_descriptions(value, name, at)


def _find_docstrings(source: str, name: str) -> Iterator[Passage]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        docstring = ast.get_docstring(node, clean=False)
        if docstring:
            blank = len(docstring) - len(docstring.lstrip())
            yield _number_lines(name, node.body[0].lineno + docstring[:blank].count("\n"), inspect.cleandoc(docstring))


def _find_comments(source: str, name: str) -> Iterator[Passage]:
    """Whole-line comments on successive lines are one text. A comment after code is a separate text."""
    first, block = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or NO_COMMENT.match(token.string):
            continue
        number, column = token.start
        whole_line = not token.line[:column].strip()
        if block and (not whole_line or number != first + len(block)):
            yield _number_lines(name, first, "\n".join(block))
            block = []
        if not block:
            first = number
        block.append(token.string.lstrip("# "))
        if not whole_line:
            yield _number_lines(name, first, block.pop())
    if block:
        yield _number_lines(name, first, "\n".join(block))
