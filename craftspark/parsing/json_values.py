"""JSON from outside: requests, messages, and any other value."""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from craftspark.errors import InvalidInput
from craftspark.parsing.forms import words_for

MAX_DIGITS = 40  # digits; the largest of our bounds has 10
MAX_ERRORS = 20
MAX_FIELD = 100
HALF_A_PAIR = re.compile("[\ud800-\udfff]")
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

Request = TypeVar("Request", bound=BaseModel)


def parse_request(kind: type[Request], body: bytes | str, *, parsed: bool = False) -> Request:
    """Parse a request from JSON. Raises InvalidInput, which lists up to MAX_ERRORS invalid fields.

    `parsed`: `parse_json` has accepted this body already.
    """
    if isinstance(body, str):
        body = utf8(body, "body")
    try:
        request = kind.model_validate_json(body)
    except ValidationError as failure:
        found = failure.errors(include_url=False, include_input=False)[:MAX_ERRORS]
        if found[0]["type"] == "json_invalid" and (fault := _value_at_fault(body, "body")):
            raise fault from None
        errors = [_field_error(error) for error in found]
        raise InvalidInput(
            "; ".join(f"{error['field']}: {error['detail']}" for error in errors),
            field=errors[0]["field"],
            errors=errors,
        ) from None
    if not parsed:
        parse_json(body, "body")  # rejects duplicate names, which Pydantic accepts
    return request


def _field_error(error: Any) -> dict[str, str]:
    field = ".".join(str(part) for part in error["loc"])[:MAX_FIELD] or "body"
    words = words_for(error["ctx"]["pattern"]) if error["type"] == "string_pattern_mismatch" else None
    return {"field": field, "detail": f"must be {words}" if words else error["msg"]}


def parse_json(text: bytes | str, name: str) -> Any:
    """A JSON value. Raises InvalidInput, also for NaN, Infinity, duplicate names and values nested too deeply."""
    try:
        return DECODER.decode(text.decode() if isinstance(text, bytes) else text)
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not UTF-8", field=name) from None
    except ValueRejected:
        raise _value_at_fault(text, name) or InvalidInput(f"{name} is not JSON", field=name) from None
    except ValueError:
        raise InvalidInput(f"{name} is not JSON", field=name) from None
    except RecursionError:
        raise InvalidInput(f"{name} is nested too deeply", field=name) from None


class ValueRejected(ValueError):
    """Takes the place of a rejected value in a JSON text, and says why it is rejected."""


def _number(digits: str) -> int | float:
    if len(digits) > MAX_DIGITS:
        raise ValueRejected(f"a number can have at maximum {MAX_DIGITS} digits")
    if digits.lstrip("-").isdigit():
        return int(digits)
    if math.isinf(value := float(digits)):
        raise ValueRejected(f"the number {digits} is too large")
    return value


def _constant(constant: str) -> NoReturn:
    raise ValueRejected(f"{constant} is not valid in JSON; send a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [field for field, _ in pairs]
        duplicate = next(field for field in names if names.count(field) > 1)[:MAX_FIELD]
        raise InvalidInput(f"{duplicate} occurs twice; send it once", field=duplicate)
    return fields


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, parse_float=_number, parse_int=_number)


def _value_at_fault(text: bytes | str, name: str) -> InvalidInput | None:
    """An error with the field of the first rejected number or text; None if there is none, or for invalid JSON."""

    def keep_rejected(parse: Callable[[str], Any]) -> Callable[[str], Any]:
        def parse_or_keep(given: str) -> Any:
            try:
                return parse(given)
            except ValueRejected as refused:
                return refused

        return parse_or_keep

    number, constant = keep_rejected(_number), keep_rejected(_constant)
    try:
        value = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            parse_constant=constant,
            parse_float=number,
            parse_int=number,
        )
        for path, why in _find_rejected(value, ()):
            field = ".".join(path)[:MAX_FIELD] or name
            return InvalidInput(f"{field}: {why}", field=field)
    except (ValueError, RecursionError):
        pass
    return None


def _find_rejected(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, ValueRejected):
        yield path, str(value)
    elif isinstance(value, str) and HALF_A_PAIR.search(value):
        yield path, "half a surrogate pair is not a character; remove it"
    elif isinstance(value, dict):
        for field, each in value.items():
            yield from _find_rejected(field, path)
            yield from _find_rejected(each, (*path, field))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _find_rejected(each, (*path, str(index)))


def parse_object(text: bytes | str, name: str) -> dict[str, Any]:
    """A JSON object, such as a message from a queue. Raises InvalidInput."""
    value = parse_json(text, name)
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} is not a JSON object", field=name)
    return value


def canonical(value: Any) -> str:
    """A JSON value as text, independent of the order of fields and of white space."""
    return CANONICAL.encode(value)


def utf8(text: str, name: str) -> bytes:
    """The text in UTF-8. Raises InvalidInput for a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name} is not UTF-8", field=name) from None
