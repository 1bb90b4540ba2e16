"""`python -m scripts.prose [PLACE ...]`: find text that is not plain English in files and folders.

Without a place, it checks the places of `[tool.prose]` in pyproject.toml. The exit status is 1 if there are findings.
"""

import sys
import tomllib
from pathlib import Path

from scripts.prose.harper import check, read_rules
from scripts.prose.passages import list_files, read_passages

ROOT = Path(__file__).resolve().parents[2]


def read_places() -> list[str]:
    """Read the files and folders that `make lint` checks."""
    places: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["prose"]["places"]
    return places


def main(places: list[str]) -> int:
    """Print the findings. Returns the exit status: 0 without findings, otherwise 1."""
    named = {file: str(file.relative_to(ROOT)) for place in places for file in list_files(place, ROOT)}
    documents = [found for file, name in named.items() if (found := read_passages(file, name))]
    findings = check(documents, read_rules())
    for finding in findings:
        print(finding)
    print(f"prose: {len(findings)} findings in {len(documents)} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or read_places()))
