"""The tokens of a text: CLIP's byte-pair encoding in plain Python.

`data/<name>.txt.gz` holds the merges of a tokenizer, one per line, the most common first. `clip` is that of OpenAI's
CLIP, as in `bpe_simple_vocab_16e6.txt`.
"""

import gzip
import heapq
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

DATA = Path(__file__).parent / "data"
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
WORD_END = "</w>"
WORDS_KEPT = 4096  # the number of words whose tokens are cached
ASCII_PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)|[a-z]+|[0-9]|[^\sa-z0-9]+")

Pair = tuple[str, str]


@cache
def tokenizer(name: str) -> "Tokenizer":
    """The tokenizer with this name. Its merges take about 50 ms to read, once per process."""
    lines = gzip.decompress((DATA / f"{name}.txt.gz").read_bytes()).decode().splitlines()
    ranks = {(first, second): rank for rank, (first, _, second) in enumerate(line.partition(" ") for line in lines)}
    return Tokenizer(ranks)


class Tokenizer:
    """`ranks` gives the pairs to join, the lowest rank first."""

    def __init__(self, ranks: Mapping[Pair, int]) -> None:
        self._ranks = ranks
        self._letters = _letters_of_bytes()
        self._tokens = lru_cache(WORDS_KEPT)(self._join)

    def count(self, text: str) -> int:
        """The number of tokens of a text, without the start and end tokens."""
        return sum(1 if piece in SPECIAL else len(self._tokens(piece)) for piece in pieces(text))

    def split(self, text: str) -> list[str]:
        """The tokens of a text, without the start and end tokens."""
        return [token for piece in pieces(text) for token in ((piece,) if piece in SPECIAL else self._tokens(piece))]

    def _join(self, piece: str) -> tuple[str, ...]:
        """Join the pair with the lowest rank until none is left, leftmost first: n log n for n bytes."""
        parts: list[str] = [self._letters[byte] for byte in piece.encode()]
        parts[-1] += WORD_END
        before, after = list(range(-1, len(parts) - 1)), [*range(1, len(parts)), -1]
        waiting = [
            (self._ranks[pair], place, pair) for place, pair in enumerate(pairwise(parts)) if pair in self._ranks
        ]
        heapq.heapify(waiting)
        while waiting:
            _, place, pair = heapq.heappop(waiting)
            following = after[place]
            if following < 0 or (parts[place], parts[following]) != pair:
                continue  # one of the two was joined with another part before
            parts[place] = pair[0] + pair[1]
            parts[following] = ""
            after[place] = after[following]
            if after[place] >= 0:
                before[after[place]] = place
            for left in (before[place], place):
                right = after[left] if left >= 0 else -1
                if right >= 0 and (new := (parts[left], parts[right])) in self._ranks:
                    heapq.heappush(waiting, (self._ranks[new], left, new))
        return tuple(filter(None, parts))


def pieces(text: str) -> Iterator[str]:
    """The parts that are encoded separately: words, digits, runs of signs, English contractions, special tokens."""
    rest = text
    while rest:
        at, special = min((place if (place := rest.find(each)) >= 0 else len(rest), each) for each in SPECIAL)
        yield from _pieces(_normalize(rest[:at]))
        if at < len(rest):
            yield special
        rest = rest[at + len(special) :]


def _normalize(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Letter by letter, as the tokenizers do it, so there is no final sigma.
    return "".join(letter.lower() for letter in unicodedata.normalize("NFC", text))


def _pieces(text: str) -> Iterator[str]:
    if text.isascii() and "<|" not in text:
        yield from ASCII_PIECES.findall(text)
        return
    start = 0
    while start < len(text):
        if found := next((each for each in (*CONTRACTIONS, *SPECIAL) if text.startswith(each, start)), None):
            end = start + len(found)
        else:
            kind = _kind(text[start])
            end = start + 1
            while kind != "number" and end < len(text) and _kind(text[end]) == kind:
                end += 1
            if kind == "space":
                start = end
                continue
        # A special token in capital letters is ordinary text.
        yield from ("<|", found[2:-2], "|>") if found in SPECIAL else (text[start:end],)
        start = end


def _kind(letter: str) -> str:
    if letter.isspace():
        return "space"
    category = unicodedata.category(letter)[0]
    return {"L": "letter", "N": "number"}.get(category, "sign")


def _letters_of_bytes() -> list[str]:
    """A visible character for each byte, as in GPT-2's encoder."""
    seen = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) if byte in seen else chr(256 + hidden.index(byte)) for byte in range(256)]
