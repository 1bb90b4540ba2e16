"""The words that moderation knows. All of a function's moderators share them."""

from functools import cache

from craftspark.words.index import WordIndex


@cache
def word_index() -> WordIndex:
    return WordIndex.load()
