"""There is one version with one section in the changelog, and a wrong tag gets no release notes."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from craftspark.version import VERSION
from scripts.release_notes import CHANGELOG, NotReleasable, parse_sections, select_release_notes

ROOT = Path(__file__).resolve().parents[2]
TWO = "# Changelog\n\n## 90.2.0 - 2026-12-01\n\n- New.\n\n## 90.1.0 - 2026-11-01\n\n- Old.\n"


def test_the_package_reads_its_version_from_the_code() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module, _, name = settings["tool"]["setuptools"]["dynamic"]["version"]["attr"].rpartition(".")

    assert settings["project"]["dynamic"] == ["version"]
    assert getattr(import_module(module), name) == VERSION


def test_no_other_module_spells_the_version() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in tracked.splitlines() if (ROOT / name).is_file()]

    assert [name for name in files if f'"{VERSION}"' in (ROOT / name).read_text()] == ["craftspark/version.py"]


def test_the_changelog_begins_with_the_version_and_only_that_may_be_unreleased() -> None:
    changelog = CHANGELOG.read_text()
    found = parse_sections(changelog)
    numbers = [tuple(int(part) for part in section.version.split(".")) for section in found]

    assert len(found) == len(re.findall(r"^## ", changelog, re.MULTILINE))
    assert found[0].version == VERSION
    assert numbers == sorted(set(numbers), reverse=True)
    assert [section.version for section in found[1:] if section.date == "unreleased"] == []


def test_release_notes_are_the_section_of_the_version() -> None:
    assert select_release_notes("v90.2.0", version="90.2.0", changelog=TWO) == "- New.\n"
    assert select_release_notes("v90.1.0", version="90.1.0", changelog=TWO) == "- Old.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "why"),
    [
        ("v90.3.0", TWO, r"craftspark/version\.py says 90\.2\.0"),
        ("v90.2.0", TWO.replace("90.2.0", "90.4.0"), "no section"),
        ("v90.2.0", TWO.replace("2026-12-01", "unreleased"), "unreleased"),
        ("v90.2.0", TWO.replace("- New.", ""), "empty"),
    ],
)
def test_a_release_with_different_versions_is_rejected(tag: str, changelog: str, why: str) -> None:
    with pytest.raises(NotReleasable, match=why):
        select_release_notes(tag, version="90.2.0", changelog=changelog)


def test_the_program_prints_why_it_refuses_a_tag() -> None:
    command = [sys.executable, "-m", "scripts.release_notes", "v99.0.0"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == f"The tag is v99.0.0, but craftspark/version.py says {VERSION}\n"
