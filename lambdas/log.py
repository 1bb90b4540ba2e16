"""The one logger of a Lambda: a fact and its fields, as JSON."""

import logging
import time
from functools import lru_cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter
from pydantic_core import to_json

# No line has these, and a record collects them all the same unless it is told not to.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

NO_FACTS = frozenset(RESERVED_LOG_ATTRS)  # what every record has


class FactFormatter(LambdaPowertoolsFormatter):
    """What Powertools writes of a fact, for less: a message is a fact's name, no template and no JSON to be decoded."""

    def __init__(self) -> None:
        super().__init__(json_serializer=lambda line: to_json(line, fallback=str).decode(), json_deserializer=str)
        self._second = lru_cache(maxsize=1)(second)

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            return super().format(record)
        line = {
            **self.log_format,
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": self.formatTime(record),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in NO_FACTS}
        line["xray_trace_id"] = self._get_latest_trace_id()
        return self.serialize(self._strip_none_records(line))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        before, after = self._second(int(record.created))
        return f"{before}{int(record.msecs):03d}{after}"


def second(seconds: int) -> tuple[str, str]:
    """What is written of a second's times before and after their milliseconds."""
    moment = time.localtime(seconds)
    return time.strftime("%Y-%m-%d %H:%M:%S,", moment), time.strftime("%z", moment)


logger = Logger(logger_formatter=FactFormatter())
