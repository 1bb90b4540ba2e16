"""Emoji as words: people search with them, and titles have them."""

from unicodedata import category, name

FIRST = "\u2600"  # signs before it, such as that of copyright, are no pictures
# In names of older signs, a black one is filled, and a white one is an outline.
OLDER = "\u2bff"
NO_COLOURS = frozenset({"heavy", "medium", "black", "white"})


def spell_emoji(text: str) -> str:
    """A text with the Unicode names of its emoji in their place, in lower case. Letters of flags are left out."""
    if text.isascii():
        return text
    return "".join(f" {_name_of(sign)} " if sign >= FIRST and category(sign) == "So" else sign for sign in text)


def _name_of(sign: str) -> str:
    words = name(sign, "").lower().split()
    if words[:2] == ["regional", "indicator"]:
        return ""
    return " ".join(word for word in words if sign > OLDER or word not in NO_COLOURS)
