"""Other words for what the demo's gallery shows, and the ways people type.

The words were written from general knowledge, before the word lists of the encoder were read. Half of the searches, by
a hash, are for choosing constants (`is_choosing`), and the others are reported. Both halves have the same templates of
sentences, so a list of words that is written for these templates flatters the sentences.
"""

import random
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent
WORDS = FOLDER / "held_out_words.tsv"
ABSENT = FOLDER / "absent_words.txt"

# The words of a search, and the subjects that it means. Each group has one that is right, and each must be found.
Query = tuple[str, tuple[tuple[str, ...], ...]]

SENTENCES = (
    "a picture of {a}",
    "show me {a}",
    "i am looking for {a}",
    "drawing of {a}",
    "{a} png with transparent background",
    "kawaii {} svg",
    "free printable {} colouring page",
    "boho {} wall art",
    "minimalist line art of {a}",
    "{} cut file for my silhouette cameo",
    "{a} for a baby shower invitation",
    "t-shirt design with {a}",
)
ADJECTIVES = ("cute", "tiny", "red", "blue", "funny", "pink", "old", "golden", "smiling", "green", "grey", "colorful")
PUNCTUATION = ("{}?", "{}!!", '"{}"', "#{}", "{}...", "({})", "{}, please", "*{}*", "{}/", "- {}")
IRREGULAR = {"mouse": "mice", "leaf": "leaves", "scissors": "scissors", "fish": "fish", "deer": "deer", "wool": "wool"}
SPELLINGS = {
    "donut": "doughnut",
    "grey mouse": "mouse face",
    "gray mouse": "mouse face",
    "colourful balloon": "balloon",
    "colorful balloon": "balloon",
    "jewelled crown": "crown",
    "jeweled crown": "crown",
    "ladybird": "lady beetle",
    "ladybug": "lady beetle",
    "raccoon": "raccoon",
    "racoon": "raccoon",
    "spectre": "ghost",
    "specter": "ghost",
    "icecream": "ice cream",
    "omelette": "",
    "artist's palette": "artist palette",
    "aubergine": "",
    "striped pyjamas": "",
    "mum's teapot": "teapot",
    "jack o' lantern": "jack-o-lantern",
    "jack o lantern": "jack-o-lantern",
    "jackolantern": "jack-o-lantern",
    "t rex": "t-rex",
    "trex": "t-rex",
    "tyrannosaurus": "t-rex",
    "café": "hot beverage",
    "doughnuts": "doughnut",
    "aeroplane": "",
}


def make_queries(subjects: Sequence[str]) -> Mapping[str, list[Query]]:
    """The searches of each kind for the subjects of a gallery."""
    words = [(line.split("\t")[0], tuple(line.split("\t")[1].split("|"))) for line in WORDS.read_text().splitlines()]
    names = [(subject, (subject,)) for subject in subjects]
    everything = [*names, *words]
    return {
        "names": _each(names, str),
        "plurals": _each(names, plural),
        "singulars": _each(names, singular),
        "words": _each(words, str),
        "plurals_of_words": _each(words, plural),
        "spellings": [(word, ((subject,),)) for word, subject in SPELLINGS.items() if subject],
        "order": _each([each for each in names if " " in each[0]], lambda text: " ".join(reversed(text.split()))),
        "hyphens": _each([each for each in everything if " " in each[0]], lambda text: text.replace(" ", "-")),
        "joined": _each([each for each in everything if text_is_compound(each[0])], lambda text: text.replace(" ", "")),
        "split": _each([each for each in SPLIT.items() if each[1][0] in subjects], str),
        "adjectives": _each(names, lambda text: f"{_pick(ADJECTIVES, text)} {text}"),
        "sentences": _each(names, lambda text: _fill(_pick(SENTENCES, text), text)),
        "sentences_of_words": _each(words, lambda text: _fill(_pick(SENTENCES, text), text)),
        "typos": _each([each for each in names if len(each[0]) > 3], mistype),
        "typos_of_words": _each([each for each in words if len(each[0]) > 4], mistype),
        "capitals": _each(names, str.upper),
        "punctuation": _each(everything, lambda text: _pick(PUNCTUATION, text).format(text)),
        "stop_words": _each(names, lambda text: f"please can you find me some of the {text} that you have"),
        "two": list(_pairs(subjects)),
    }


SPLIT = {
    **{word: (word.replace(" ", ""),) for word in ("sun flower", "water melon", "pine apple", "jelly fish")},
    **{word: (word.replace(" ", ""),) for word in ("butter fly", "snow man", "rain bow", "sail boat", "back pack")},
    **{word: (word.replace(" ", ""),) for word in ("cup cake", "straw berry", "hedge hog", "honey bee", "pan cakes")},
    **{word: (word.replace(" ", ""),) for word in ("snow flake", "tea pot", "dough nut", "pea cock")},
    "lady bird": ("lady beetle",),
    "lady bug": ("lady beetle",),
    "ruck sack": ("backpack",),
    "toad stool": ("mushroom",),
    "space ship": ("rocket", "flying saucer"),
}


def read_absent() -> list[str]:
    """Things that no picture of the gallery shows."""
    return ABSENT.read_text().splitlines()


def make_nonsense(count: int) -> list[str]:
    """Letters that are no words: random ones, syllables, and rows of keys."""
    chance = random.Random(7)
    keys = [
        "xyzzy",
        "qwertz",
        "qwerty",
        "asdf",
        "asdfgh",
        "zxcvbn",
        "foobar",
        "blah",
        "lorem ipsum",
        "hjkl",
        "aaaa",
        "x",
    ]
    while len(keys) < count:
        if chance.random() < 0.5:
            keys.append("".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(chance.randint(4, 10))))
        else:
            syllables = (chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(3, 5)))
            keys.append("".join(syllables) + chance.choice("xkqz"))
    return keys


def is_choosing(words: str) -> bool:
    """Whether a search is among those that constants are chosen by."""
    return zlib.crc32(words.encode()) % 2 == 0


def plural(text: str) -> str:
    """The plural of a text whose last word, or the word before `of` or `with`, is a noun."""
    head, *rest = re.split(r"( (?:of|with|in) )", text, maxsplit=1)
    *before, noun = head.split()
    if noun in IRREGULAR:
        many = IRREGULAR[noun]
    elif noun.endswith("s") and not noun.endswith(("ss", "us")):
        many = noun
    elif noun.endswith(("s", "x", "z", "ch", "sh")):
        many = f"{noun}es"
    elif noun.endswith("y") and noun[-2] not in "aeiou":
        many = f"{noun[:-1]}ies"
    else:
        many = f"{noun}s"
    return " ".join([*before, many]) + "".join(rest)


def singular(text: str) -> str:
    """The singular of `cherries`, `pancakes` and `books`; other names are singulars."""
    return {"cherries": "cherry", "pancakes": "pancake", "books": "book", "scissors": "scissor"}.get(text, text)


def mistype(text: str) -> str:
    """A text with one wrong letter: left out, twice, exchanged with the next, or a neighbour on the keyboard."""
    chance = random.Random(text)
    places = [place for place in range(1, len(text) - 1) if text[place].isalpha() and text[place + 1].isalpha()]
    place = chance.choice(places)
    before, letter, after = text[:place], text[place], text[place + 1 :]
    ways = [before + after, before + letter * 2 + after, before + after[0] + letter + after[1:]]
    row = next(row for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") if letter in row)
    ways.append(before + row[(row.index(letter) + 1) % len(row)] + after)
    return chance.choice([way for way in ways if way != text])


def text_is_compound(text: str) -> bool:
    """Whether a text is two words that are often written as one."""
    return len(text.split()) == 2 and not re.search(r"\b(face|of|with|red|baby|small)\b", text)


def _each(queries: Sequence[tuple[str, tuple[str, ...]]], way: Callable[[str], str]) -> list[Query]:
    return [(way(words), (right,)) for words, right in queries]


def _pick(choices: Sequence[str], text: str) -> str:
    return choices[zlib.crc32(text[::-1].encode()) % len(choices)]


def _fill(template: str, text: str) -> str:
    return template.format(text, a=("an " if text[0] in "aeiou" else "a ") + text)


def _pairs(subjects: Sequence[str]) -> Iterator[Query]:
    mixed = sorted(subjects, key=lambda subject: zlib.crc32(subject.encode()))
    for number, (first, second) in enumerate(zip(mixed, [*mixed[1:], mixed[0]], strict=True)):
        yield ("{} and {}", "{} with {}", "{} + {}", "{}, {}")[number % 4].format(first, second), ((first,), (second,))
