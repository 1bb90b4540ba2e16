"""Tests in a browser wait in ways that the policy of the site allows."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_wait_evaluates_words_in_the_page() -> None:
    """The page evaluates a function again that is not true the first time, and the policy of the site forbids that.

    So such a wait succeeds on fast machines only. `expect` asks from outside.
    """
    forbidden = "." + "wait_for_function("
    sources = [file for room in ("tests", "benchmarks") for file in (ROOT / room).rglob("*.py")]

    assert [file for file in sources if "playwright" in file.read_text()]
    assert not [file for file in sources if forbidden in file.read_text()]
