"""Texts of one form, such as a colour: the regular expression for machines, and words for people."""

_WORDS: dict[str, str] = {}


def form(pattern: str, words: str) -> str:
    """Return the regular expression of a field, whose refusals say `words`: what a text of this form is, and an
    example of one.
    """
    _WORDS[pattern] = words
    return pattern


def words_for(pattern: str) -> str | None:
    """Return the words for a regular expression of `form`."""
    return _WORDS.get(pattern)
