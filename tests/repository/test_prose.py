"""The prose linter reads all texts, and each rule finds its bad sentences."""

import json
from pathlib import Path

import pytest

from scripts.prose.__main__ import ROOT, main, read_places
from scripts.prose.harper import Rule, check, read_rules, read_words
from scripts.prose.passages import Passage, list_files, read_passages

RULES = read_rules()
MISTAKES = {
    "LongSentences": "The worker reads " + " and ".join(["the job"] * 14) + ".",
    "SpellCheck": "The jobb waits.",
    "QuantifierNumeralConflict": "It takes some 20 GB.",
    "AnA": "It is a image.",
    "RepeatedWords": "It reads the the job.",
}
NAMES = Passage("JobSettled arrives on EC2 after SIGTERM, with 2 vCPUs of CloudWatch's.", ("names",))
CODE = Passage("Run `whence lest`.\n\n```sh\nwhence lest\n```", ("code",) * 5)


def planted(kind: str) -> list[Passage]:
    """The sentences of our rules. The place of each is its rule and the sentence."""
    return [Passage(sentence, (f"{rule.name}: {sentence}",)) for rule in RULES for sentence in getattr(rule, kind)]


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str]]:
    """The rule and the place of each finding in the planted sentences."""
    mistakes = [Passage(sentence, (f"{name}: {sentence}",)) for name, sentence in MISTAKES.items()]
    documents = [planted("bad"), planted("good"), mistakes, [CODE], [NAMES]]
    return {(finding.rule, finding.place) for finding in check(documents, RULES)}


def test_each_rule_of_the_style_finds_its_planted_sentences(found: set[tuple[str, str]]) -> None:
    bad = {(place.partition(":")[0], place) for passage in planted("bad") for place in passage.places}

    assert {rule.name for rule in RULES} == {rule for rule, _ in bad}
    assert bad - found == set()


def test_no_rule_reports_its_own_good_examples(found: set[tuple[str, str]]) -> None:
    good = {passage.places[0] for passage in planted("good")}

    assert good
    assert [place for rule, place in found if place in good and place.startswith(f"{rule}:")] == []


def test_planted_mistakes_are_found(found: set[tuple[str, str]]) -> None:
    assert {(rule, f"{rule}: {sentence}") for rule, sentence in MISTAKES.items()} - found == set()


def test_code_and_names_are_not_spelled(found: set[tuple[str, str]]) -> None:
    assert [rule for rule, place in found if place in ("code", "names")] == []


def test_docstrings_and_comments_are_read_where_they_are(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""A module.\n\n    Of two lines.\n"""\n\nimport os  # behind code\n\n# first\n# second\n\n\n'
        'def run() -> None:\n    """\n    A function.\n    """\n    text = "no prose"  # noqa: S101\n'
    )

    found = {
        place: line
        for passage in read_passages(module, "m")
        for line, place in zip(passage.text.splitlines(), passage.places, strict=True)
        if line
    }

    assert found == {
        "m:1": "A module.",
        "m:3": "Of two lines.",
        "m:6": "behind code",
        "m:8": "first",
        "m:9": "second",
        "m:14": "A function.",
    }


def test_texts_of_the_api_are_read_and_its_examples_are_not(tmp_path: Path) -> None:
    description = tmp_path / "api.json"
    properties = {"summary": {"title": "Summary", "description": "A title."}, "example": {"description": "A field."}}
    description.write_text(
        json.dumps(
            {
                "paths": {"/v1/jobs": {"get": {"summary": "List jobs", "example": {"summary": "no prose"}}}},
                "schemas": [{"properties": properties}],
            }
        )
    )

    found = {passage.places: passage.text for passage in read_passages(description, "api")}

    assert found == {
        ("api#/paths/~1v1~1jobs/get/summary",): "List jobs",
        ("api#/schemas/0/properties/summary/description",): "A title.",
        ("api#/schemas/0/properties/example/description",): "A field.",
    }


def test_a_bad_sentence_is_reported_with_its_place_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scripts.prose.__main__.ROOT", tmp_path)
    monkeypatch.setattr("scripts.prose.__main__.list_files", lambda place, root: [root / place])
    (tmp_path / "page.md").write_text("# Page\n\nThe origins whence browsers call.\n")

    status = main(["page.md"])

    assert status == 1
    assert 'page.md:3: "whence": write from which or where [Whence]' in capsys.readouterr().out


def test_every_enforced_place_exists_and_has_prose() -> None:
    places = read_places()

    assert places
    assert [place for place in places if not any(read_passages(file, place) for file in list_files(place, ROOT))] == []


def test_a_place_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no_such_place"):
        list_files("no_such_place", ROOT)


def test_a_rule_that_harper_cannot_read_is_refused() -> None:
    broken = Rule("Broken", "[unclosed", ("closed",), (), ())

    with pytest.raises(RuntimeError, match="Weir"):
        check([[Passage("A text.", ("here",))]], [broken])


@pytest.mark.parametrize("opening", ["```sh", "<!-- Remark"])
def test_a_text_that_hides_what_is_after_it_is_refused(opening: str) -> None:
    texts = [[Passage("A text.", ("first",))], [Passage(opening, ("second",))], [Passage("A text.", ("third",))]]

    with pytest.raises(RuntimeError, match="the end of second"):
        check(texts, RULES)


def test_the_words_are_sorted_and_listed_once() -> None:
    assert read_words() == sorted(set(read_words()), key=lambda word: (word.lower(), word))
