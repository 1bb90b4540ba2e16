"""Single values from outside: numbers, times, cursors, keys, names."""

import binascii
import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime

from craftspark.errors import InvalidInput
from craftspark.parsing.texts import NOT_IN_A_LINE

MAX_KEY = 255
MAX_MAKER = 255  # of an OpenID Connect subject
MAX_EMAIL = 254  # the limit of a path in RFC 5321

DIGITS = re.compile(r"[0-9]{1,18}")
PRINTABLE = re.compile(r"[ -~]+")
VISIBLE = re.compile(r"[!-~]+")
EMAIL = re.compile(r"[^\s\"\\@<>(),;:]{1,64}@[^\s\"\\@<>(),;:]{1,255}")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.IGNORECASE,
)
FIRST_YEAR, LAST_YEAR = 1970, 2999
CURSOR = re.compile(r"[A-Za-z0-9_-]{1,1000}={0,2}")


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
