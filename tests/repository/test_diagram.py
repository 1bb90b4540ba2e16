"""The diagram of the architecture agrees with its source, and the names in it exist."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs" / "architecture.dot"
NODE = Path(sys.executable).parent / "node"


def labels() -> str:
    return "\n".join(re.findall(r'label="([^"]*)"', SOURCE.read_text()))


def test_the_drawing_matches_its_source() -> None:
    command = [str(NODE), "scripts/diagram.mjs", str(SOURCE)]

    drawn = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert drawn == (ROOT / "docs" / "images" / "architecture.svg").read_text(), "run `make diagram`"


def test_functions_in_the_drawing_have_a_handler() -> None:
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", labels().replace("\\n", " ")))

    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / "lambdas" / name / "handler.py").is_file()] == []


def test_stacks_in_the_drawing_are_those_of_the_app() -> None:
    named = set(re.findall(r"(\w+) [Ss]tack\b", labels()))
    built = set(re.findall(r'stage\.name_stack\("(\w+)"\)', (ROOT / "app.py").read_text()))

    assert named == built
