"""ETags: a client with the current response receives 304 without a body."""

import hashlib
import re
from typing import Any

# An entity tag of a list, weak or not (RFC 9110, 8.8.3), with the separators before it: a list may have empty elements.
TAG = re.compile(r'[ \t,]*(?:W/)?"([^"]*)"[ \t]*(?=,|$)')


def etag_of(*facts: Any) -> str:
    """A weak tag: the same while the facts are."""
    return f'W/"{hashlib.sha256(repr(facts).encode()).hexdigest()[:20]}"'


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header has the tag, possibly in a list, or is `*` (RFC 9110, 13.1.2).

    Tags are compared weakly. A header that is malformed names nothing: the client gets a full answer.
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    given, end = set(), 0
    while found := TAG.match(if_none_match, end):
        given.add(found[1])
        end = found.end()
    return not if_none_match[end:].strip(" \t,") and etag.removeprefix("W/").strip('"') in given
