"""Names of makers: which ones look the same, and which ones nobody can take."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Set

from craftspark.errors import InvalidInput
from craftspark.parsing.lookalikes import LOOKALIKES

# Words of names that only those who run the service could have.
RESERVED_WORDS = frozenset(
    [
        *("admin", "admins", "sysadmin", "administration", "administrator", "administrators", "administratorin"),
        *("moderator", "moderators", "moderation", "moderatorin", "administrateur", "moderateur", "administrador"),
        *("moderador", "support", "soporte", "staff", "official", "helpdesk", "customerservice", "customercare"),
        *("kundendienst", "kundenservice", "serviceclient", "atencionalcliente"),
    ]
)
# In many typefaces these look the same. They are compared in lower case.
LATIN = str.maketrans({"i": "l", "1": "l", "0": "o", "m": "rn"})
# It is in no name, however it is written.
BRAND = "craftspark"
# Marks that any letter can have and that belong to no spelling: strokes, rings, variation selectors.
ORNAMENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)


def check_name(name: str) -> None:
    """Raise InvalidInput for a name that could be taken for that of the service or of those who run it."""
    plain = _without_accents(name)
    words = [_fold(word) for word in "".join(sign if sign.isalnum() else " " for sign in plain).split()]
    # A word can be written apart, as in `Ad-min`.
    parts = {"".join(words[first:end]) for first in range(len(words)) for end in range(first + 1, len(words) + 1)}
    if any(_fold(BRAND) in skeleton for skeleton in _skeletons(plain)):
        raise InvalidInput("the name of the service is not a name of a maker; choose another one", field="name")
    if parts & {_fold(word) for word in RESERVED_WORDS}:
        raise InvalidInput(
            "the name could be taken for that of someone who runs the service; choose another one", field="name"
        )


def holds_of(name: str) -> frozenset[str]:
    """What a name holds while a maker has it, as one or two hashes. Names that share one look the same.

    Letters are compared as they look: without case, without spaces and punctuation, and over all scripts. In some
    scripts only the capital looks like a Latin letter, so a name is compared as it is written and in lower case.
    """
    return frozenset(hashlib.sha256(skeleton.encode()).hexdigest()[:32] for skeleton in _skeletons(name))


def _skeletons(name: str) -> Set[str]:
    plain = unicodedata.normalize("NFKC", name)
    return {_fold(plain), _fold(plain.casefold())}


def _fold(text: str) -> str:
    """The letters and digits of a text, as Latin ones where they look so. A text without any keeps its signs."""
    latin = unicodedata.normalize("NFKC", text).translate(LOOKALIKES).casefold().translate(LATIN)
    visible = ORNAMENTS.sub("", "".join(sign for sign in latin if unicodedata.category(sign)[0] not in "ZC"))
    return "".join(sign for sign in visible if unicodedata.category(sign)[0] in "LMN") or visible


def _without_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
