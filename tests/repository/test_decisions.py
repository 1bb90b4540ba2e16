"""Every decision record follows the template, has its own number and status, and is in the index."""

import re
from pathlib import Path

import pytest

from scripts.decision_index import DECISIONS, Record, insert_table, read_records

DOCS = DECISIONS.parent
LINK = r"\[[Dd]ecision (\d+)\]\(([^)]+)\)"
OTHER_WAY = {"supersedes": "superseded by", "amends": "amended by"}


def test_numbers_have_no_gap_and_agree_with_file_names() -> None:
    found = read_records()

    assert [record.number for record in found] == list(range(1, len(found) + 1))
    assert [record.number for record in found] == [int(record.file.partition("-")[0]) for record in found]


def test_each_record_has_the_sections_of_the_template() -> None:
    template = re.findall(r"^## (.+)$", (DECISIONS / "template.md").read_text(), re.MULTILINE)
    required = [section for section in template if section != "Alternatives"]

    assert len(required) < len(template)
    assert [record.file for record in read_records() if list(record.sections) not in (template, required)] == []


def test_each_status_is_one_that_the_index_explains() -> None:
    later = rf"(supersedes|amends|amended by) {LINK}"
    known = rf"Proposed|Accepted(, {later})*|Superseded by {LINK}"

    assert [record.file for record in read_records() if not re.fullmatch(known, record.status)] == []


def test_a_record_that_replaces_another_is_named_by_it() -> None:
    links = {
        (record.number, relation.lower(), int(number))
        for record in read_records()
        for relation, number, _ in re.findall(rf"(\w+(?: by)?) {LINK}", record.status)
    }
    forward = {link for link in links if link[1] in OTHER_WAY}

    assert forward
    assert links - forward == {(old, OTHER_WAY[relation], new) for new, relation, old in forward}


def test_the_index_lists_each_record_with_its_status() -> None:
    index = (DECISIONS / "README.md").read_text()

    assert index == insert_table(index, read_records()), "run `make fix`"


def test_links_to_decisions_lead_to_the_number_that_they_name() -> None:
    documents = [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]
    links = [
        (document, int(number), target)
        for document in documents
        if document.is_file()
        for number, target in re.findall(LINK, document.read_text())
    ]

    assert links
    assert [link for link in links if not (link[0].parent / link[2].partition("#")[0]).is_file()] == []
    assert [link for link in links if int(Path(link[2]).name.partition("-")[0]) != link[1]] == []


def test_a_record_without_a_status_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "0001-first.md"
    record.write_text("# 1. First\n\n## Context\n")

    with pytest.raises(ValueError, match=r"0001-first\.md"):
        Record.read(record)
