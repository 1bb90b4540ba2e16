"""What one runtime writes and another reads: messages of queues, events, and what state machines and tasks exchange.

Each shape has one class, in the room that it belongs to. The runtime that writes it calls `to_json` or `to_text`, the
one that reads it `from_json` or `parse`, and constructs take the names of fields and events from the class.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from craftspark.errors import InvalidInput
from craftspark.parsing.json_values import parse_object


class ContractBroken(Exception):
    """A message, an event or an input of a task does not have the fields of its contract. `field` is at fault."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class Contract:
    """The base of every contract, which is a frozen `dataclass`. Its fields have the names of the JSON's.

    Fields that the reader does not know are left out: during a deployment the writer may be newer.
    """

    def to_json(self) -> dict[str, Any]:
        """The fields as values of JSON: dates are ISO 8601, tuples are lists."""
        value: dict[str, Any] = pydantic_core.to_jsonable_python(self)
        return value

    def to_text(self) -> str:
        """The JSON as text."""
        return pydantic_core.to_json(self).decode()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises ContractBroken, which names the first field at fault."""
        try:
            contract: Self = _adapter(cls).validate_python(value)
        except ValidationError as failure:
            first = failure.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise ContractBroken(f"not a {cls.__name__}: {field}: {first['msg']}", field=field or None) from None
        return contract

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """Read what `to_text` wrote; raises ContractBroken."""
        try:
            return cls.from_json(parse_object(text, cls.__name__))
        except InvalidInput as refused:
            raise ContractBroken(f"not a {cls.__name__}: {refused.detail}", field=refused.field) from None


class Event(Contract):
    """Something that happened, as EventBridge carries it: the class's name is the `detail-type`."""

    source: ClassVar[str]

    @classmethod
    def detail_type(cls) -> str:
        return cls.__name__


def _adapter(contract: type[Contract]) -> TypeAdapter[Any]:
    """Built when a contract is first read: a function that only writes it does without."""
    if contract not in _ADAPTERS:
        _ADAPTERS[contract] = TypeAdapter(contract)
    return _ADAPTERS[contract]


_ADAPTERS: dict[type[Contract], TypeAdapter[Any]] = {}
