"""The logger of all Lambda functions. A record is an event name and its fields, as JSON."""

import logging
import time
from functools import lru_cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter
from pydantic_core import to_json

# Logging collects these for each record by default, and no log line contains them.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

STANDARD_FIELDS = frozenset(RESERVED_LOG_ATTRS)  # the fields of every record


class FactFormatter(LambdaPowertoolsFormatter):
    """Writes the same JSON as Powertools, faster, because a message is only a name: not a template and not JSON."""

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
        line |= {name: value for name, value in record.__dict__.items() if name not in STANDARD_FIELDS}
        line["xray_trace_id"] = self._get_latest_trace_id()
        return self.serialize(self._strip_none_records(line))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        before, after = self._second(int(record.created))
        return f"{before}{int(record.msecs):03d}{after}"


def second(seconds: int) -> tuple[str, str]:
    """The parts of a timestamp before and after the milliseconds, for all timestamps in one second."""
    moment = time.localtime(seconds)
    return time.strftime("%Y-%m-%d %H:%M:%S,", moment), time.strftime("%z", moment)


logger = Logger(logger_formatter=FactFormatter())
