import logging
import time
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from lambdas.log import FactFormatter


def a_record(at: float, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("service", logging.INFO, "handler.py", 7, "job accepted", None, None, "handler")
    record.created, record.msecs = at, int(at % 1 * 1000)
    record.__dict__.update(extra)
    return record


@pytest.mark.parametrize("at", [0.0, 1_790_000_000.007, 1_790_000_000.999, 1_790_000_001.5, 1_790_000_000.25])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_a_line_is_what_powertools_writes(monkeypatch: pytest.MonkeyPatch, at: float, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        record = a_record(at, price=4, name_of="é", nothing=None, kind=logging.Formatter, nested={"a": [1]})
        assert FactFormatter().format(record) == LambdaPowertoolsFormatter().format(record)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_message_of_digits_is_text() -> None:
    record = a_record(0.0)
    record.msg = "12"
    assert '"message":"12"' in FactFormatter().format(record)
