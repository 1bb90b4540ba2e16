"""JSONata expressions of states. Their field names come from the contracts that runtimes read and write.

A field that a contract does not have fails at synthesis and not in production.
"""

from dataclasses import MISSING, fields
from typing import Any

from craftspark.contracts import Contract

INPUT = "$states.input"
RESULT = "$states.result"
EXECUTION_INPUT = "$states.context.Execution.Input"


def to_expression(text: str) -> str:
    """A value that Step Functions evaluates."""
    return f"{{% {text} %}}"


def locate_field(contract: type[Contract], *names: str, at: str = INPUT) -> str:
    """The path of a field of the `contract` at `at`; raises LookupError for a field that it does not have.

    Further names are inside that field and are not checked.
    """
    known = [field.name for field in fields(_dataclass(contract))]
    if names[0] not in known:
        raise LookupError(f"{contract.__name__} has no field {names[0]}; it has {', '.join(known)}")
    return ".".join((at, *names))


def read_field(contract: type[Contract], *names: str, at: str = INPUT) -> str:
    """The value of a field, as an expression."""
    return to_expression(locate_field(contract, *names, at=at))


def compare_field(contract: type[Contract], name: str, expected: str, *, at: str = INPUT) -> str:
    """An expression that is true if a field equals the text `expected`."""
    return to_expression(f"{locate_field(contract, name, at=at)} = '{expected}'")


def write_object(contract: type[Contract], **values: Any) -> dict[str, Any]:
    """An object that a state writes and `contract` reads; raises LookupError for unknown and missing fields."""
    known = fields(_dataclass(contract))
    unknown = values.keys() - {field.name for field in known}
    missing = [
        field.name
        for field in known
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING
    ]
    if unknown or missing:
        raise LookupError(f"{contract.__name__}: unknown fields {sorted(unknown)}, missing fields {missing}")
    return values


def _dataclass(contract: type[Contract]) -> Any:
    return contract


UNCHANGED = to_expression(INPUT)
