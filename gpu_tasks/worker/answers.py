"""Answers of claims, sent beside the work."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aws_lambda_powertools import Logger

from gpu_tasks.patience import Patient

THREADS = 4

logger = Logger(service="gpu_worker")


class Answers:
    """Sends each answer until it has arrived, and keeps neither the GPU nor other claims waiting meanwhile.

    An answer that cannot be sent is logged: a message of the queue comes back, and whoever takes it finds the images
    stored and answers.
    """

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="answer")

    def send(self, job_id: str, *calls: Callable[[], object]) -> None:
        """Make these calls in order, soon. Each of them can be repeated."""
        self._threads.submit(self._send, job_id, calls)

    def close(self) -> None:
        """Wait until all are sent."""
        self._threads.shutdown(wait=True)

    def _send(self, job_id: str, calls: tuple[Callable[[], object], ...]) -> None:
        for call in calls:
            try:
                self._patient.call("answer of a batch", call)
            except Exception:
                logger.exception("answer not sent", extra={"job_id": job_id})
