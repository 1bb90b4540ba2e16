"""Tests and the local cloud wait in ways that succeed on slow machines too."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("benchmarks", "local_cloud", "scripts", "tests")
# What sends requests with httpx.
SENDERS = ("AsyncClient", "Client", "delete", "get", "head", "patch", "post", "put", "request", "stream")


def sources(*rooms: str) -> dict[Path, str]:
    return {file: file.read_text() for room in rooms for file in (ROOT / room).rglob("*.py")}


def test_no_wait_evaluates_words_in_the_page() -> None:
    """The page evaluates a function again that is not true the first time, and the policy of the site forbids that.

    So such a wait succeeds on fast machines only. `expect` asks from outside.
    """
    forbidden = "." + "wait_for_function("
    texts = sources("tests", "benchmarks")

    assert [file for file, text in texts.items() if "playwright" in text]
    assert not [file for file, text in texts.items() if forbidden in text]


def test_every_request_says_how_long_it_waits() -> None:
    """Where a call names no timeout, httpx gives up after five seconds without an answer."""
    texts = sources(*ROOMS)

    assert [f"{file}:{call.lineno}" for file, text in texts.items() for call in impatient_calls(text)] == []
    assert len([*impatient_calls("httpx.get(url)\nhttpx.Client()\nhttpx.get(url, timeout=60)")]) == 2


def impatient_calls(text: str) -> Iterator[ast.Call]:
    """The requests of a module that have no timeout."""
    if "httpx." not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SENDERS:
            module = node.func.value
            named = {each.arg for each in node.keywords}
            if isinstance(module, ast.Name) and module.id == "httpx" and "timeout" not in named:
                yield node
