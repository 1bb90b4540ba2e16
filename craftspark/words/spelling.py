"""Spellings of a word: how text becomes tokens, and which words a disguised token may be."""

import re
import unicodedata
from collections.abc import Iterator

from craftspark.parsing.lookalikes import LOOKALIKES

TOKEN = re.compile(r"[^\W\d_]+")
# A letter next to a digit or a sign, or a single letter. Only such text can disguise a word.
ODD = re.compile(
    r"[^\W\d_][\d@$!*#+|_.\-~€£¡]+[^\W_]|[\d@$!*#+|€£¡]+[^\W\d_]|[^\W\d_]+[@$*#]|(?<![^\W_])[^\W\d_](?![^\W_])"
)
# A disguise uses at least one of these characters, so a chunk without any of them needs no check.
SIGN = re.compile(r"[013457@$!*#|_.\-~€£¡]")
CHUNK = re.compile(r"[\w@$!*#+|.\-~€£¡]+")
SINGLE_LETTERS = re.compile(r"(?<![^\W_])[^\W_](?:[\s._\-*~|/,]+[^\W_](?![^\W_])){2,}")
SEPARATORS = re.compile(r"[_.\-~]+")
EDGES = ".-~_!*#+|"
REPEATED = re.compile(r"(.)\1{2,}")
APOSTROPHE = re.compile(r"(?<=[^\W_])[\u2019']s\b")

LEET = str.maketrans("013457@$!|€£¡", "oieastasiiesi")
LEET_WITH_L = str.maketrans("013457@$!|€£¡", "oleastasliesl")
# Letters that look like one Latin letter. Others, such as the Cyrillic ones like `bl` and `6`, make words of real ones.
LETTERS = {sign: latin for sign, latin in LOOKALIKES.items() if len(latin) == 1 and latin.isalpha()}
# Greek letters that people write for Latin ones, though they look a little different or more like others.
LETTERS |= {ord(greek): latin for greek, latin in zip("βνχω", "bnxw", strict=True)}
# A separate letter in Spanish, which distinguishes a cone from a swear word.
ENYE_KEPT = "\ue000"
# Latin letters that Unicode does not decompose.
UNDECOMPOSED = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "\u0131": "i", "ð": "d"})


def normalize(text: str) -> str:
    """Lower case without accents, invisible characters or look-alike letters of other scripts."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    plain = decomposed.replace("n\u0303", ENYE_KEPT).replace("N\u0303", ENYE_KEPT)
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Mn", "Cf", "Me"))
    return TOKEN.sub(_latin, plain.replace(ENYE_KEPT, "ñ"))


def _latin(match: re.Match[str]) -> str:
    """A token of mixed scripts, or with only look-alike letters, in Latin letters. Other tokens are in lower case.

    Some letters look like Latin ones as capitals only.
    """
    token = match[0]
    lower = token.casefold().translate(UNDECOMPOSED)
    if lower.isascii():
        return lower
    latin = (written.translate(LETTERS).lower() for written in (token, lower))
    return next((each for each in latin if each.isascii()), lower)


def tokens_of(normal: str) -> list[str]:
    """The words of normalized text, without the `s` of possessives."""
    return TOKEN.findall(APOSTROPHE.sub("", normal) if "'" in normal or "\u2019" in normal else normal)


def disguises_of(normal: str) -> Iterator[tuple[str, str, bool]]:
    """The possible disguises in normalized text: the text as written, the word (or a mask with `*` for any letter), and
    whether the word was joined from parts.
    """
    for spaced in SINGLE_LETTERS.finditer(normal):
        yield spaced[0], re.sub(r"[\W_]+", "", spaced[0]), True
    if SIGN.search(normal) is None:
        return
    for found in CHUNK.finditer(normal):
        chunk = found[0].strip(EDGES) if found[0][-1:] not in "*#" else found[0].lstrip(EDGES)
        if chunk.isalpha():
            continue
        joined = SEPARATORS.sub("", chunk)
        if joined != chunk and joined.isalpha():
            yield chunk, joined, True
        signs = sum(not char.isdigit() for char in joined)
        if signs < 2:  # a number, or one with a letter: a road, a size, a name of paper
            continue
        for table in (LEET, LEET_WITH_L):
            letters = joined.translate(table)
            if letters != joined and letters.isalpha():
                yield chunk, letters, joined != chunk
        mask = joined.translate(LEET).replace("#", "*")
        if "*" in mask and mask.replace("*", "").isalpha() and len(mask) - mask.count("*") >= 2:
            yield chunk, mask, True


def repeats_of(token: str) -> tuple[str, ...]:
    """A token with repeated letters, with each repetition reduced to one letter and to two."""
    if REPEATED.search(token) is None:
        return ()
    return REPEATED.sub(r"\1", token), REPEATED.sub(r"\1\1", token)
