"""The minutes of CloudWatch: at the end of each, services report their metrics, and alarms are evaluated.

`POST /_local_cloud/alarms` ends the current minute early, for a person who does not want to wait, and answers 200.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.emulator.alarms import evaluation
from local_cloud.emulator.alarms.datapoints import MINUTE_S
from local_cloud.emulator.serving.asgi import Application
from local_cloud.emulator.serving.json_answers import send_json

PATH = "/_local_cloud/alarms"
# What a service measures just before the end of a minute belongs to it.
SAMPLING_S = 0.5

logger = logging.getLogger(__name__)


class AlarmClock:
    """Ends each minute: calls the `samplers`, which record what services measure and do not count, then evaluates."""

    def __init__(self, samplers: Sequence[Callable[[], None]]) -> None:
        self._samplers = samplers
        self._ending = threading.Lock()

    def start(self) -> None:
        """Start the thread that ends each minute."""
        threading.Thread(target=self._run, name="alarm-clock", daemon=True).start()

    def end_minute(self, now: float) -> None:
        """Sample, then evaluate the alarms on the data points before `now`, in seconds since 1970."""
        with self._ending:
            for sample in self._samplers:
                try:
                    sample()
                except Exception:  # as on AWS, the metrics of a service do not depend on those of another
                    logger.exception("Metrics are missing")
            evaluation.evaluate_all(now)

    def _run(self) -> None:
        while True:
            now = time.time()
            end = _next_minute(now)
            time.sleep(max(0.0, end - now - SAMPLING_S))
            self.end_minute(end)
            time.sleep(max(0.0, end - time.time()))

    def serve(self, app: Application) -> Application:
        """The application, with a path that ends the current minute early."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["path"] != PATH:
                await app(scope, receive, send)
                return
            if scope["method"] == "POST":
                await asyncio.to_thread(self.end_minute, _next_minute(time.time()))
                status, answer = 200, {}
            else:
                status, answer = 405, {"message": "use POST"}
            await send_json(send, status, answer)

        return serve


def _next_minute(now: float) -> float:
    return now // MINUTE_S * MINUTE_S + MINUTE_S
