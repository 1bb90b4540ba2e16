"""Answers of claims, sent in parallel with rendering."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aws_lambda_powertools import Logger

from gpu_tasks.retries import Retrier

THREADS = 4

logger = Logger(service="gpu_worker")


class Answers:
    """Sends each answer until it succeeds, without delaying the GPU or other claims.

    An answer that cannot be sent is logged. The queue delivers its message again, and the next worker finds the images
    stored and answers.
    """

    def __init__(self, retrier: Retrier) -> None:
        self._retrier = retrier
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="answer")

    def send(self, job_id: str, *calls: Callable[[], object]) -> None:
        """Make these calls in order, in another thread. Each call must be safe to repeat."""
        self._threads.submit(self._send, job_id, calls)

    def close(self) -> None:
        """Wait until all answers are sent."""
        self._threads.shutdown(wait=True)

    def _send(self, job_id: str, calls: tuple[Callable[[], object], ...]) -> None:
        for call in calls:
            try:
                self._retrier.call("answer of a batch", call)
            except Exception:
                logger.exception("answer not sent", extra={"job_id": job_id})
