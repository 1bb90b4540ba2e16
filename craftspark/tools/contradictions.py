"""Fields of a request that cannot both be met."""

from collections.abc import Iterable
from typing import NamedTuple

from craftspark.errors import InvalidInput


class Contradiction(NamedTuple):
    """`detail` says why the fields cannot be combined and what to change; `fields` are two or more."""

    detail: str
    fields: tuple[str, ...]


def refuse(contradictions: Iterable[Contradiction]) -> None:
    """Raise InvalidInput that lists every field of every contradiction, where there is one."""
    found = list(contradictions)
    if found:
        raise InvalidInput(
            "; ".join(each.detail for each in found),
            field=found[0].fields[0],
            errors=[{"field": field, "detail": each.detail} for each in found for field in each.fields],
        )
