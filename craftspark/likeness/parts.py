"""The parts of a text that say what it is about."""

import re
from itertools import pairwise

FUNCTION_WORDS = frozenset({"a", "an", "the", "of", "with", "and", "in", "on", "for", "at", "to", "my"})


def list_parts(text: str, most: int | None = None) -> list[str]:
    """A text, its words and its pairs of words, because the words of a template move the vector of a text.

    With `most`, only so many of its words count.
    """
    words = [word for word in re.findall(r"[\w'-]+", text.lower()) if word not in FUNCTION_WORDS][:most]
    return list(dict.fromkeys([text, *words, *map(" ".join, pairwise(words))]))
