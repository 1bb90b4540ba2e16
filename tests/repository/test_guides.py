"""The guides for newcomers name existing files, folders and targets of make."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]


def text(guide: str) -> str:
    return (ROOT / guide).read_text()


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_to_files_and_headings(guide: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]+)?\)", text(guide))

    assert links
    for target, anchor in links:
        document = ROOT / (target or guide)
        assert document.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor.removeprefix("#") in slugs, (target, anchor)


@pytest.mark.parametrize("guide", GUIDES)
def test_files_and_folders_that_are_named_exist(guide: str) -> None:
    top = {path.name for path in ROOT.iterdir()} - {"build", "node_modules"}
    named = {path for path in re.findall(r"`([\w.-]+/[\w./-]*)`", text(guide)) if path.split("/")[0] in top}

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("guide", ["README.md", "CONTRIBUTING.md"])
def test_targets_of_make_that_are_named_exist(guide: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text(guide), re.MULTILINE))

    assert named
    assert named - targets == set()
