"""Each parser accepts valid input and rejects every other input with a named error."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints

from craftspark.contracts import Contract, ContractBroken
from craftspark.errors import InvalidInput
from craftspark.jobs.batches import Batch, BatchMessage, JobOrder
from craftspark.jobs.endings import JobEnd, JobSettled
from craftspark.jobs.starting import IntakeMessage
from craftspark.notifications.live import TICKET
from craftspark.notifications.webhooks import Message
from craftspark.parsing.json_values import MAX_ERRORS, canonical, parse_json, parse_object, parse_request, utf8
from craftspark.parsing.texts import LINE, OPTIONAL_WORDS, PROSE, WORDS
from craftspark.parsing.values import (
    cursor_of,
    parse_base64,
    parse_cursor,
    parse_idempotency_key,
    parse_maker,
    parse_text,
    parse_timestamp,
    parse_whole_number,
)
from craftspark.styles.messages import TrainingEnd, TrainingOrder
from craftspark.styles.requests import DecisionRequest, TrainingRequest
from craftspark.tools import TOOLS
from lambdas.http.account_views import CreditChange, PlanChange, SuspensionChange
from lambdas.http.upload_views import UploadRequest
from lambdas.http.views import JobChanges
from lambdas.http.webhook_views import WebhookRequest

SHAPE = re.compile(r"[0-9]{4}#[a-z]+")
DIGITS = "9" * 5000
# Control characters, half a surrogate pair, marks that reverse text, characters that XML forbids, non-ASCII digits.
NASTY = "\x00\x1b\n\x7f\x85\ud800\udfff\u200b\u202e\u2066\u2028\ufffe\uffff\u0661\u00b2\U0001f980'\"\\{}%#/&<é"
texts = st.text(alphabet=st.one_of(st.characters(), st.sampled_from(NASTY)), max_size=40)
numbers = st.integers().map(str) | st.floats().map(str) | st.just(DIGITS)
moments = (
    st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))
    .map(datetime.isoformat)
    .flatmap(lambda at: st.sampled_from(["", "Z", "+14:00", "-14:00", " 23:59", "+24:00"]).map(at.__add__))
)
anything = texts | numbers | moments

PARSERS: dict[str, Callable[[str], Any]] = {
    "limit": lambda text: parse_whole_number(text, "limit", maximum=100),
    "since": lambda text: parse_timestamp(text, "since"),
    "cursor": lambda text: parse_cursor(text, SHAPE),
    "Idempotency-Key": parse_idempotency_key,
    "maker": parse_maker,
    "tool": lambda text: parse_text({"tool": text}, "tool"),
    "body": lambda text: parse_base64(text, "body"),
    "text": lambda text: utf8(text, "text"),
    "message": lambda text: parse_object(text, "message"),
}


def refusal(parse: Callable[[], Any]) -> InvalidInput | None:
    """The reason for the rejection, or None if the input is valid. Any error except InvalidInput fails the test."""
    try:
        parse()
    except InvalidInput as refused:
        return refused
    return None


@pytest.mark.parametrize("name", PARSERS)
@given(text=anything)
@example(text="")
@example(text=DIGITS)
@example(text="[" * 100_000)
@example(text='{"a":' * 100_000)
@example(text=f'{{"a": {DIGITS}}}')
@example(text='{"a": 1e999}')
@example(text='{"a": NaN}')
@example(text="9999-12-31T23:59:59-14:00")
@example(text="0001-01-01T00:00:00+14:00")
@example(text="2030-W01-1")
def test_a_value_is_parsed_or_refused_by_its_name(name: str, text: str) -> None:
    refused = refusal(lambda: PARSERS[name](text))

    assert refused is None or (refused.field and len(refused.detail) < 400)


@pytest.mark.parametrize("text", ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "1 ", "\u0661", "\u00b2", DIGITS])
def test_a_number_out_of_bounds_is_rejected(text: str) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 100") as refused:
        parse_whole_number(text, "limit", maximum=100)
    assert refused.value.field == "limit"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31t12:00:00.5z", datetime(2030, 1, 31, 12, microsecond=500_000, tzinfo=UTC)),
        ("2030-01-31T12:00:00 02:00", datetime(2030, 1, 31, 10, tzinfo=UTC)),
        ("2030-01-31T12:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31 12:00:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_utc(text: str, moment: datetime) -> None:
    assert parse_timestamp(text, "since") == moment


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2030", "2030-13-01", "2030-02-30", "2030-01-01T25:00:00Z", "20300101", "2030-W01-1"),
        *("1969-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        "\u0662\u0660\u0663\u0660-01-01",
    ],
)
def test_a_time_out_of_bounds_is_rejected(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_timestamp(text, "until")
    assert refused.value.field == "until"


@given(position=st.from_regex(SHAPE, fullmatch=True))
def test_a_cursor_decodes_to_its_position(position: str) -> None:
    assert parse_cursor(cursor_of(position), SHAPE) == position


@pytest.mark.parametrize(
    "key", ["", "a" * 256, "a\nb", "a\r\nX-Other: 1", "a\x00", "a\x7f", "é", "\ud800", "\u202e", "\t"]
)
def test_an_invalid_idempotency_key_is_rejected(key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_idempotency_key(key)
    assert refused.value.field == "Idempotency-Key"


@pytest.mark.parametrize("maker", ["", "a" * 256, "a b", "a\nb", "\x00", "é", "\ud800", "\u202e"])
def test_an_invalid_maker_is_rejected(maker: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_maker(maker)
    assert refused.value.field == "maker"


@pytest.mark.parametrize("maker", ["4b5c", "auth0|5f7c8ec7c33c6c004bbafe82", "https://issuer.example/#me", "a" * 255])
def test_a_valid_subject_is_a_maker(maker: str) -> None:
    assert parse_maker(maker) == maker


@pytest.mark.parametrize(
    "text",
    [
        *("{", "nothing", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', '{"a": -1e999}', f'{{"a": {DIGITS}}}'),
        *(f'{{"a": {DIGITS}.5}}', f'{{"a": 1.{DIGITS}}}', '{"a": 1, "a": 2}', '{"b": [{"a": 1, "a": 1}]}'),
        *("[" * 100_000, b'{"a": "\xff"}'),
    ],
)
def test_ambiguous_json_is_rejected(text: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_json(text, "body")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=10,
)


@given(value=values)
def test_the_same_value_has_one_canonical_text_however_it_is_written(value: Any) -> None:
    backwards = json.dumps(reversed_fields(value), indent=1, ensure_ascii=False)

    assert canonical(json.loads(backwards)) == canonical(value)


def reversed_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reversed_fields(value[name]) for name in reversed(value)}
    return [reversed_fields(item) for item in value] if isinstance(value, list) else value


BODIES: list[type[BaseModel]] = [
    *(tool.request for tool in TOOLS.values()),
    *(CreditChange, PlanChange, SuspensionChange, JobChanges, UploadRequest, WebhookRequest),
    *(TrainingRequest, DecisionRequest),
]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | anything


@pytest.mark.parametrize("kind", BODIES)
@given(data=st.data())
def test_a_body_is_parsed_or_refused_by_its_fields(kind: type[BaseModel], data: st.DataObject) -> None:
    names = st.sampled_from(list(kind.model_fields)) | texts
    body = data.draw(st.dictionaries(names, leaves | st.lists(leaves, max_size=3) | st.dictionaries(texts, leaves)))

    refused = refusal(lambda: parse_request(kind, json.dumps(body)))

    assert refused is None or (refused.field and len(refused.field) <= 100)


def is_object(body: str | bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


@pytest.mark.parametrize("kind", BODIES)
@given(body=(anything | st.binary(max_size=60)).filter(lambda body: not is_object(body)))
def test_a_body_that_is_not_an_object_is_rejected(kind: type[BaseModel], body: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_request(kind, body)


def test_a_duplicate_field_is_rejected_with_its_name() -> None:
    with pytest.raises(InvalidInput, match="twice") as refused:
        parse_request(TOOLS["picture"].request, '{"prompt": "an apple", "count": 1, "count": 8}')
    assert refused.value.field == "count"


def test_the_listed_errors_have_a_maximum_number_and_length() -> None:
    body = json.dumps({"x" * 1000 + str(number): 1 for number in range(1000)})

    with pytest.raises(InvalidInput) as refused:
        parse_request(JobChanges, body)

    assert len(refused.value.facts["errors"]) == MAX_ERRORS
    assert len(refused.value.detail) < 4000


class Texts(BaseModel):
    prose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), PROSE, WORDS] = "x"
    line: Annotated[str, LINE] = "x"
    optional: Annotated[str, StringConstraints(strip_whitespace=True), PROSE, OPTIONAL_WORDS] = ""


UNSEEN = (
    "\u200b",
    "\u2060\ufeff",
    "\u3164",
    "\u2800 \u2800",
    "\u115f\u1160",
    "\uffa0",
    "\ufe0f",
    "\u0301",
    "\u034f\u00ad",
)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("prose", text) for text in ("a\x00b", "a\x1bb", "a\x85b", "a\ufffeb", " \n ", *UNSEEN)),
        *(("optional", text) for text in ("a\x00b", *UNSEEN)),
        *(("line", text) for text in ("a\nb", "a\tb", "a\u2028b", "a\u202eb", "a\u2066b", "a\x7fb")),
    ],
)
def test_a_character_that_breaks_the_output_is_rejected(field: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_request(Texts, json.dumps({field: text}))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(
            ("prose", text)
            for text in ("two\nlines", "a\\d {prompt} %s <b>", "תפוח \u200eA", "👩‍🌾", "नमस्ते", "می‌خواهم", "7", "❤️", "?")
        ),
        *(("optional", text) for text in ("", "a", "한글", "⠃")),
        *(("line", text) for text in ("Äpfel & Birnen", "👩‍🌾", "می‌خواهم", "{0} %s \\1")),
    ],
)
def test_ordinary_text_is_accepted_unchanged(field: str, text: str) -> None:
    assert getattr(parse_request(Texts, json.dumps({field: text})), field) == text


ORDER = JobOrder(
    job_id="a" * 26, maker="m", tool="picture", lane="bulk", pool="draw", queued=False, work_s=1.0, batches=()
).to_text()

CONTRACTS: tuple[type[Contract], ...] = (
    BatchMessage,
    JobEnd,
    JobOrder,
    JobSettled,
    Message,
    TrainingEnd,
    TrainingOrder,
)


@given(text=anything)
@example(text="[" * 100_000)
@example(text='{"job_id": 5}')
@example(text='{"task_token": "t", "batch": []}')
@example(text='{"task_token": "t", "batch": {"batch": 1e999}}')
@example(text='{"task_token": "t", "batch": {"job_id": 1, "maker": 1, "lane": 1, "batch": "x", "images": 5}}')
def test_a_malformed_message_has_a_named_error(text: str) -> None:
    with pytest.raises(ContractBroken):
        IntakeMessage.parse(ORDER, f"x{text}")
    with pytest.raises(ContractBroken):
        IntakeMessage.parse(text)
    for contract in CONTRACTS:
        with pytest.raises(ContractBroken):
            contract.parse(text)


def test_a_batch_with_impossible_numbers_has_a_named_error() -> None:
    with pytest.raises(ContractBroken):
        Batch.from_json({"job_id": "a", "maker": "m", "lane": "l", "batch": float("inf"), "images": []})


@given(text=anything)
def test_a_malformed_ticket_is_not_looked_up(text: str) -> None:
    assert not TICKET.fullmatch(text) or len(text) == 32


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"a": "\\ud800"}', "a"),
        ('{"a": ["x", {"b": "\\udfff"}]}', "a.1.b"),
        ('{"a": 1, "b": NaN}', "b"),
        ('{"a": {"b": 1e999}}', "a.b"),
        ('{"a": [' + "9" * 5000 + "]}", "a.0"),
        ('{"\\ud800": 1}', "body"),
        ('{"a": ', "body"),
    ],
)
def test_an_unsupported_json_value_is_rejected_with_its_field(text: str, field: str) -> None:
    class Anything(BaseModel):
        a: Any = None
        b: Any = None

    def parse_as_a_request() -> None:
        parse_request(Anything, text)

    for parse in (parse_as_a_request, lambda: parse_json(text, "body")) if "\\u" not in text else (parse_as_a_request,):
        with pytest.raises(InvalidInput) as refused:
            parse()
        assert refused.value.field == field
