"""Pages of lists: how many items a response has, and where it starts."""

import re
from collections.abc import Mapping

from craftspark.parsing.values import parse_cursor, parse_whole_number

# The items of a page without `limit`, the pictures of one, and the most of any list.
ITEMS, PICTURES, MAX_ITEMS = 20, 24, 100


def limit_of(query: Mapping[str, str], *, default: int = ITEMS, maximum: int = MAX_ITEMS) -> int:
    """The maximum number of items in the response. Raises InvalidInput."""
    return parse_whole_number(query["limit"], "limit", maximum=maximum) if "limit" in query else default


def position_of(query: Mapping[str, str], shape: re.Pattern[str]) -> str | None:
    """The position of the cursor in the list, or None on the first page. Raises InvalidInput."""
    cursor = query.get("cursor")
    return parse_cursor(cursor, shape) if cursor else None
