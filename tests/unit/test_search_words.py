"""How the words of a search are read."""

import pytest

from craftspark.likeness.queries import FRAME, MAX_LETTERS, MAX_TEXTS, MAX_WORDS, Query, read_query
from craftspark.likeness.thesaurus import Thesaurus, edits_of, forms_of, load

# Names; looks; frames; English words that are one letter away from an entry; and the entries.
TEXT = "\n".join(
    [
        "owl\tmouse face\tice cream\twrapped gift\tbird",
        "cute red",
        "sticker card",
        "cave bowl",
        "owl\t0:100 4:10\t0",
        "mouse\t1:100\t1",
        "icecream\t2:100\t2",
        "gift\t3:100\t3",
        "bird\t4:50 0:50\t0 4",
        "cake\t2:100\t",
        "leaf\t2:100\t2",
        "cute\t0:100\t",
        "red\t0:100\t",
        "sticker\t0:100\t",
        "card\t3:100\t",
    ]
)
THESAURUS = Thesaurus(TEXT)


def read(text: str) -> Query:
    return read_query(text, THESAURUS)


def says(text: str, said: str) -> bool:
    query = read(text)
    return 0 < query.count_said(said) == len(query.subjects)


@pytest.mark.parametrize(
    "text",
    [
        *("ice cream", "ice-cream", "icecream", "Ice  CREAMS", "“ice cream”?", "show me some of the ice cream, please"),
        *("icecrean", "the ice cream's", "#icecream"),
    ],
)
def test_one_subject_in_many_spellings_is_the_same(text: str) -> None:
    assert read(text).texts == read("ice cream").texts


@pytest.mark.parametrize(("many", "one"), [("owls", "owl"), ("mice", "mouse"), ("leaves", "leaf"), ("gifts", "gift")])
def test_plurals_are_read_as_singulars_in_searches_and_in_what_is_said(many: str, one: str) -> None:
    assert read(many).texts == read(one).texts
    assert says(many, f"A big {one}")
    assert says(one, f"Big {many}")


def test_a_picture_with_the_name_of_a_kind_says_the_word() -> None:
    assert says("bird", "An owl on a branch")
    assert not says("bird", "A mouse")
    assert not says("cake", "Ice cream")  # it is only akin


def test_all_subjects_of_a_search_must_be_said() -> None:
    assert says("owl and mouse", "Owl with mice")
    assert not says("owl and mouse", "Owl")
    assert says("tax return", "Return of the tax")
    assert not says("tax return", "Tax")
    assert says("2025", "Calendar of 2025")


def test_what_surrounds_a_subject_counts_less_and_need_not_be_said() -> None:
    query = read("cute owl sticker for a card")

    assert query.texts["wrapped gift"] == FRAME
    assert query.texts["cute owl"] == 1
    assert says("cute owl sticker for a card", "owl")
    assert says("owl on a cake", "owl")
    assert not says("owl with a cake", "owl")
    assert not says("sticker", "owl")  # it is the only subject


def test_only_words_that_are_no_english_ones_are_corrected() -> None:
    assert read("bowl").texts == read("cave").texts == {}
    assert read("cakw").texts == read("cake").texts
    assert read("owk").texts == {}  # too short


def test_long_words_and_the_last_of_many_words_are_not_looked_at() -> None:
    long = "a" * MAX_LETTERS
    thesaurus = Thesaurus(f"{TEXT}\n{long}\t0:100\t0")

    assert read_query(f"{long[:-1]}b", thesaurus).texts == {"owl": 1}
    assert read_query(f"{long}b", thesaurus).texts == {}
    assert read(" ".join([*["the"] * MAX_WORDS, "owl"])).texts == {}


def test_two_words_that_are_written_together_are_two() -> None:
    assert len(read("mouseowl").subjects) == 2
    assert read("owlcave").texts == {}  # the second one has no entry


@pytest.mark.parametrize("text", ["", "!?", "the", "xyzzy", "1234", "漢字"])
def test_words_without_a_meaning_have_no_texts(text: str) -> None:
    assert read(text).texts == {}
    assert not says(text, "owl")


def test_a_search_embeds_a_bounded_number_of_texts() -> None:
    thesaurus = load()

    query = read_query("animal bird fish fruit flower insect food dessert vehicle clothes music sport tool", thesaurus)

    assert len(query.texts) == MAX_TEXTS


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *(("bunnies", "rabbit face"), ("espresso", "hot beverage"), ("gray wolf", "wolf"), ("bicylce", "bicycle")),
        *(("racoon", "raccoon"), ("ladybirds", "lady beetle"), ("seaturtle", "turtle"), ("rucksacks", "backpack")),
    ],
)
def test_the_thesaurus_leads_to_names_that_the_encoder_knows(word: str, name: str) -> None:
    assert name in read_query(word, load()).texts


@pytest.mark.parametrize("word", ["xyzzy", "qwertz", "asdfgh", "algebra", "democracy"])
def test_the_thesaurus_has_nothing_for_what_cannot_be_drawn(word: str) -> None:
    assert read_query(word, load()).texts == {}


def test_one_typing_error_is_a_letter_more_less_or_another_or_an_exchange() -> None:
    assert {"wl", "oowl", "owk", "wol"} < {*edits_of("owl")}
    assert {"knives", "knife"} <= {*forms_of("knife")} & {*forms_of("knives")}


@pytest.mark.parametrize(
    ("signs", "word"),
    [("\U0001f431", "cat face"), ("\u2b50", "star"), ("\uff4f\uff57\uff4c", "owl"), ("pi\u00f1ata", "pinata")],
)
def test_emoji_accents_and_forms_of_letters_are_read_as_plain_words(signs: str, word: str) -> None:
    assert read_query(signs, load()) == read_query(word, load())


def test_a_sign_without_a_picture_has_no_meaning() -> None:
    assert not read_query("\u00a9 \U0001f1e9", load()).texts
