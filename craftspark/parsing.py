"""Parsers with limits for every value from outside.

An invalid value raises InvalidInput with the field and the fix. Nothing here raises any other error for any input:
5,000 digits, the year 9999, control characters, lone surrogates, deep nesting.
"""

import binascii
import json
import math
import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from craftspark.errors import InvalidInput

MAX_KEY = 255
MAX_MAKER = 255  # of an OpenID Connect subject
MAX_EMAIL = 254  # the limit of a path in RFC 5321
MAX_DIGITS = 40  # digits; the largest of our bounds has 10
MAX_ERRORS = 20
MAX_FIELD = 100

# Characters that XML, and so an SVG or a recipe, cannot contain: controls, lone surrogates, U+FFFE and U+FFFF.
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
NOT_IN_PROSE = re.compile(f"[{CONTROLS}]")
HALF_A_PAIR = re.compile("[\ud800-\udfff]")
# A single line also has no line breaks and no characters that reverse the text direction.
NOT_IN_A_LINE = re.compile(f"[{CONTROLS}\t\n\r\u2028\u2029\u202a-\u202e\u2066-\u2069]")

DIGITS = re.compile(r"[0-9]{1,18}")
PRINTABLE = re.compile(r"[ -~]+")
VISIBLE = re.compile(r"[!-~]+")
EMAIL = re.compile(r"[^\s\"\\@<>(),;:]{1,64}@[^\s\"\\@<>(),;:]{1,255}")
# Letters and a symbol that have no visible form: Hangul fillers, and the Braille pattern without dots.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.IGNORECASE,
)
FIRST_YEAR, LAST_YEAR = 1970, 2999
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
CURSOR = re.compile(r"[A-Za-z0-9_-]{1,1000}={0,2}")

Request = TypeVar("Request", bound=BaseModel)


def _printable(text: str) -> str:
    if found := NOT_IN_PROSE.search(text):
        raise _character_error(found[0])
    return text


def _one_line(text: str) -> str:
    if found := NOT_IN_A_LINE.search(text):
        raise _character_error(found[0])
    return text


def _legible(text: str) -> str:
    # A mark such as an accent or a variation selector is invisible without a letter.
    if not any(category(character)[0] in "LNPS" and character not in BLANKS for character in text):
        raise PydanticCustomError("text_invisible", "the text has no visible characters; add some words")
    return text


def _character_error(character: str) -> PydanticCustomError:
    return PydanticCustomError(
        "character_refused",
        "the character {code} is not allowed; remove it",
        {"code": f"U+{ord(character):04X}"},
    )


def _legible_or_empty(text: str) -> str:
    return _legible(text) if text else text


# For texts of Pydantic models, after their length limits: PROSE may have line breaks, LINE may not, WORDS must be
# visible.
PROSE = AfterValidator(_printable)
LINE = AfterValidator(_one_line)
WORDS = AfterValidator(_legible)
OPTIONAL_WORDS = AfterValidator(_legible_or_empty)


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
    return {"field": field, "detail": error["msg"]}


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


def parse_whole_number(text: str, name: str, *, minimum: int = 1, maximum: int) -> int:
    """A whole number from `minimum` to `maximum`, in ASCII digits. Raises InvalidInput."""
    if DIGITS.fullmatch(text) and minimum <= int(text) <= maximum:
        return int(text)
    raise InvalidInput(f"{name} must be a whole number from {minimum} to {maximum}", field=name)


def parse_timestamp(text: str, name: str) -> datetime:
    """An RFC 3339 timestamp from 1970 to 2999, in UTC if it has no offset. Raises InvalidInput."""
    # An unescaped + arrives as a blank.
    written = re.sub(r" (?=[0-9]{2}:?[0-9]{2}$)", "+", text) if text.count(":") > 1 else text
    try:
        if not TIMESTAMP.fullmatch(written):
            raise ValueError("not RFC 3339")
        moment = datetime.fromisoformat(written.upper())
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{name} must be an RFC 3339 timestamp such as 2030-01-31T12:00:00Z", field=name) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidInput(f"the year of {name} must be {FIRST_YEAR} to {LAST_YEAR}", field=name)
    return moment


def cursor_of(position: str) -> str:
    """A position in a list as the `cursor` of its next page."""
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


def parse_cursor(text: str, shape: re.Pattern[str]) -> str:
    """The position of a cursor, which must match `shape`. Raises InvalidInput."""
    position = ""
    if CURSOR.fullmatch(text):
        try:
            position = urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)).decode()
        except ValueError:
            position = ""
    if not shape.fullmatch(position):
        raise InvalidInput(
            "cursor is not a `next_cursor` of this list; remove it to start from the first page", field="cursor"
        )
    return position


def parse_idempotency_key(text: str) -> str:
    """An Idempotency-Key: 1 to 255 printable ASCII characters. Raises InvalidInput."""
    if len(text) > MAX_KEY or not PRINTABLE.fullmatch(text):
        raise InvalidInput(f"the key must be 1 to {MAX_KEY} printable ASCII characters", field="Idempotency-Key")
    return text


def parse_maker(text: str) -> str:
    """A maker's id from the token issuer: 1 to 255 visible ASCII characters. Raises InvalidInput."""
    if len(text) > MAX_MAKER or not VISIBLE.fullmatch(text):
        raise InvalidInput(f"a maker's id must be 1 to {MAX_MAKER} visible ASCII characters", field="maker")
    return text


def parse_email(text: str) -> str:
    """An email address with one @ and without quotes or spaces, up to 254 characters. Raises InvalidInput."""
    # An unescaped + arrives as a blank.
    address = text.strip(" ").replace(" ", "+")
    if len(address) > MAX_EMAIL or NOT_IN_A_LINE.search(address) or not EMAIL.fullmatch(address):
        raise InvalidInput("email must be an address such as ann@example.com", field="email")
    return address


def parse_text(values: Mapping[str, str], name: str) -> str | None:
    """A value that is only compared with known values, or None if it is missing. Raises InvalidInput."""
    text = values.get(name)
    if text is not None and NOT_IN_A_LINE.search(text):
        raise InvalidInput(f"{name} contains a character that is not allowed; remove it", field=name)
    return text


def parse_base64(text: str, name: str) -> bytes:
    """Bytes in standard base64. Raises InvalidInput."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{name} is not base64", field=name) from None


def utf8(text: str, name: str) -> bytes:
    """The text in UTF-8. Raises InvalidInput for a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name} is not UTF-8", field=name) from None
