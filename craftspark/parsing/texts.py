"""The characters that texts may contain, as rules for fields of Pydantic models."""

import re
from unicodedata import category, normalize

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

# Characters that XML, and so an SVG or a recipe, cannot contain: controls, lone surrogates, U+FFFE and U+FFFF.
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
NOT_IN_PROSE = re.compile(f"[{CONTROLS}]")
# A single line also has no line breaks and no characters that reverse the text direction.
NOT_IN_A_LINE = re.compile(f"[{CONTROLS}\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Letters and a symbol that have no visible form: Hangul fillers, and the Braille pattern without dots.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# More marks on one letter than any language has cover the lines above and below.
MAX_MARKS = 4
PILED_MARKS = f"a letter has more than {MAX_MARKS} marks; remove some"


def _printable(text: str) -> str:
    if found := NOT_IN_PROSE.search(text):
        raise _character_error(found[0])
    return _without_piled_marks(text)


def _one_line(text: str) -> str:
    if found := NOT_IN_A_LINE.search(text):
        raise _character_error(found[0])
    return _without_piled_marks(text)


def has_piled_marks(text: str) -> bool:
    """Whether a letter has more than MAX_MARKS marks, such as accents."""
    if text.isascii():
        return False
    marks = 0
    for character in normalize("NFC", text):
        marks = marks + 1 if category(character) in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            return True
    return False


def name_character(character: str) -> str:
    """How messages name a character: itself, if it is visible ASCII, else its number."""
    return character if "!" <= character <= "~" else f"U+{ord(character):04X}"


def _without_piled_marks(text: str) -> str:
    if has_piled_marks(text):
        raise PydanticCustomError("marks_piled", PILED_MARKS)
    return text


def _legible(text: str) -> str:
    # A mark such as an accent or a variation selector is invisible without a letter.
    if not any(category(character)[0] in "LNPS" and character not in BLANKS for character in text):
        raise PydanticCustomError("text_invisible", "the text has no visible characters; add some words")
    return text


def _character_error(character: str) -> PydanticCustomError:
    return PydanticCustomError(
        "character_refused",
        "the character {code} is not allowed; remove it",
        {"code": name_character(character)},
    )


def _legible_or_empty(text: str) -> str:
    return _legible(text) if text else text


# For texts of Pydantic models, after their length limits: PROSE may have line breaks, LINE may not, WORDS must be
# visible.
PROSE = AfterValidator(_printable)
LINE = AfterValidator(_one_line)
WORDS = AfterValidator(_legible)
OPTIONAL_WORDS = AfterValidator(_legible_or_empty)
