"""Metadata of vectors, and filters on them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-metadata-filtering.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-limitations.html
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from local_cloud.emulator.vectors.refusals import invalid

MAX_BYTES, MAX_FILTERABLE_BYTES, MAX_KEYS = 40 * 1024, 2 * 1024, 50

Metadata = Mapping[str, Any]


def check_metadata(metadata: Any, unfilterable: Collection[str], path: str) -> None:
    """Raise VectorsRefused unless the metadata of a vector has the types and sizes that S3 Vectors takes."""
    if not isinstance(metadata, dict):
        raise invalid(path, "Invalid record. Metadata must be an object")
    if len(metadata) > MAX_KEYS:
        raise invalid(path, f"Invalid record. Metadata can have at most {MAX_KEYS} keys")
    if _size_of(metadata) > MAX_BYTES:
        raise invalid(path, f"Invalid record. Metadata must have at most {MAX_BYTES} bytes")
    filterable = {name: value for name, value in metadata.items() if name not in unfilterable}
    if _size_of(filterable) > MAX_FILTERABLE_BYTES:
        raise invalid(path, f"Invalid record. Filterable metadata must have at most {MAX_FILTERABLE_BYTES} bytes")
    for name, value in filterable.items():
        for each in value if isinstance(value, list) else [value]:
            if not _is_primitive(each):
                raise invalid(f"{path}.{name}", "Filterable metadata must be strings, numbers, booleans or their lists")


def check_filter(condition: Any, unfilterable: Collection[str], path: str = "filter") -> None:
    """Raise VectorsRefused for a filter that S3 Vectors does not understand."""
    if not isinstance(condition, dict) or not condition:
        raise invalid(path, "Invalid filter. A filter must be an object with a condition")
    for name, rule in condition.items():
        if name in ("$and", "$or"):
            if not isinstance(rule, list) or not rule:
                raise invalid(path, f"Invalid filter. {name} needs a list of filters")
            for number, part in enumerate(rule):
                check_filter(part, unfilterable, f"{path}.{name}.{number}")
        elif name.startswith("$"):
            raise invalid(path, f"Invalid filter. There is no operator {name} here")
        elif name in unfilterable:
            raise invalid(path, f"Invalid filter. {name} is not filterable")
        else:
            _check_rule(name, rule, path)


def passes(metadata: Metadata, condition: Mapping[str, Any]) -> bool:
    """Whether metadata passes all parts of a checked filter."""
    return all(_passes(metadata, name, rule) for name, rule in condition.items())


def _passes(metadata: Metadata, name: str, rule: Any) -> bool:
    if name == "$and":
        return all(passes(metadata, part) for part in rule)
    if name == "$or":
        return any(passes(metadata, part) for part in rule)
    value = metadata.get(name)
    rules = rule if isinstance(rule, dict) else {"$eq": rule}
    return all(OPERATORS[operator](value, wanted) for operator, wanted in rules.items())


def _check_rule(name: str, rule: Any, path: str) -> None:
    for operator, wanted in (rule if isinstance(rule, dict) else {"$eq": rule}).items():
        if operator not in OPERATORS:
            raise invalid(path, f"Invalid filter. There is no operator {operator}")
        if operator in ("$in", "$nin"):
            fits = isinstance(wanted, list) and wanted != [] and all(map(_is_primitive, wanted))
        elif operator == "$exists":
            fits = isinstance(wanted, bool)
        elif operator in ("$eq", "$ne"):
            fits = _is_primitive(wanted)
        else:
            fits = _is_number(wanted)
        if not fits:
            raise invalid(path, f"Invalid filter. The value of {operator} for {name} has the wrong type")


def _values(value: Any) -> list[Any]:
    """A list of values matches if one of them does. True is not 1."""
    return [(isinstance(each, bool), each) for each in (value if isinstance(value, list) else [value])]


def _equals(value: Any, wanted: Any) -> bool:
    return value is not None and (isinstance(wanted, bool), wanted) in _values(value)


def _compare(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: any(
        _is_number(each) and compare(each, wanted) for each in (value if isinstance(value, list) else [value])
    )


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": _equals,
    "$ne": lambda value, wanted: not _equals(value, wanted),
    "$in": lambda value, wanted: any(_equals(value, each) for each in wanted),
    "$nin": lambda value, wanted: not any(_equals(value, each) for each in wanted),
    "$gt": _compare(lambda value, wanted: value > wanted),
    "$gte": _compare(lambda value, wanted: value >= wanted),
    "$lt": _compare(lambda value, wanted: value < wanted),
    "$lte": _compare(lambda value, wanted: value <= wanted),
    "$exists": lambda value, wanted: (value is not None) == wanted,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_primitive(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _size_of(metadata: Metadata) -> int:
    return len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode())
