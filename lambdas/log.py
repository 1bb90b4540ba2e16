"""The one logger of a Lambda: a fact and its fields, as JSON."""

import json
import logging
import time
from functools import lru_cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

# No line has these, and a record collects them all the same unless it is told not to.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class FactFormatter(LambdaPowertoolsFormatter):
    """What Powertools writes, for less: times are formatted once a second, and the encoder is made once."""

    def __init__(self) -> None:
        encoder = json.JSONEncoder(default=str, separators=(",", ":"), ensure_ascii=False)
        # A message is a fact's name: it is never JSON to be decoded.
        super().__init__(json_serializer=encoder.encode, json_deserializer=str)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        before, after = _second(int(record.created))
        return f"{before}{int(record.msecs):03d}{after}"


@lru_cache(maxsize=1)
def _second(seconds: int) -> tuple[str, str]:
    """What is written of a second's times before and after their milliseconds."""
    moment = time.localtime(seconds)
    return time.strftime("%Y-%m-%d %H:%M:%S,", moment), time.strftime("%z", moment)


logger = Logger(logger_formatter=FactFormatter())
