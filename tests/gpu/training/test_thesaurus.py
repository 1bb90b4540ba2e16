"""The thesaurus of the search is built from captions and WordNet's nouns."""

from pathlib import Path

import pytest

from craftspark.likeness.thesaurus import Thesaurus
from gpu_tasks.training.dataset.emoji import Caption
from gpu_tasks.training.dataset.thesaurus import build, write
from gpu_tasks.training.dataset.wordnet import WordNet, read_words
from gpu_tasks.training.errors import SourceUnavailable

# Offset, lexicographer file, words, broader terms: an animal, three kinds of dogs, and a seal of wax and of the sea.
SYNSETS = """\
00000001 05 n 02 animal 0 beast 0 000 | a living thing
00000002 05 n 01 dog 0 001 @ 00000001 n 0000 | an animal
00000003 05 n 01 hound 0 001 @ 00000002 n 0000 | a dog
00000004 05 n 01 beagle 0 001 @ 00000003 n 0000 | a hound
00000005 06 n 01 seal 0 000 | wax
00000006 05 n 02 seal 0 sea_dog 0 001 @ 00000001 n 0000 | an animal of the sea
"""
NOUNS = """\
animal n 1 1 ~ 1 1 00000001
beagle n 1 1 @ 1 1 00000004
dog n 1 1 @ 1 1 00000002
hound n 1 1 @ 1 1 00000003
sea_dog n 1 1 @ 1 1 00000006
seal n 2 2 @ 2 2 00000005 00000006
"""
CAPTIONS = {
    "dog face": Caption("dog face", ("puppy", "pet"), "animals-nature"),
    "seal": Caption("seal", ("pet",), "animals-nature"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.noun").write_text(SYNSETS)
    (tmp_path / "index.noun").write_text(NOUNS)
    for part in ("verb", "adj", "adv"):
        (tmp_path / f"index.{part}").write_text("seat v 1\n")
    return tmp_path


@pytest.fixture
def thesaurus(folder: Path) -> Thesaurus:
    entries = build(CAPTIONS, frozenset({"seal"}), WordNet.read(folder))
    return Thesaurus("\n".join(write(entries, read_words(folder))))


def test_everyday_words_and_kinds_lead_to_the_name(thesaurus: Thesaurus) -> None:
    assert thesaurus.read("puppy").kinds == ["dog face"]
    assert thesaurus.read("beagle").kinds == ["dog face"]
    assert max(thesaurus.read("beagle").near.items(), key=lambda each: each[1])[0] == "dog face"


def test_a_broader_word_has_the_names_below_it_as_kinds(thesaurus: Thesaurus) -> None:
    assert {*thesaurus.read("animal").kinds} == {"dog face", "seal"}


def test_a_name_is_the_sense_that_its_group_says(thesaurus: Thesaurus) -> None:
    assert thesaurus.read("seadog").kinds == ["seal"]  # and not wax


def test_a_word_of_several_names_belongs_most_to_the_favoured_one_with_it(thesaurus: Thesaurus) -> None:
    near = thesaurus.read("pet").near

    assert near["seal"] > near["dog face"] > 0


def test_english_words_are_not_taken_for_typing_errors(thesaurus: Thesaurus) -> None:
    assert thesaurus.correct("seat") is None
    assert thesaurus.correct("seak") == "seal"


def test_a_folder_without_word_lists_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=str(tmp_path)):
        read_words(tmp_path)
