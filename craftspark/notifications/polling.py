"""The Retry-After of a job in progress: when its client should poll again."""

from datetime import datetime
from math import ceil

from craftspark.jobs.job import Job, JobState

MIN_PAUSE_S, MAX_PAUSE_S = 1, 30
# The share of the estimated remaining time, so that the last poll comes soon after the end and few polls before it.
SHARE = 0.7
# Jobs of the same time spread their polls over this share of the pause.
SPREAD, PLACES = 0.3, 997
# A job that exceeds its estimate is polled after this share of its elapsed time.
LATE = 0.2


def next_poll_s(job: Job, done_share: float, now: datetime) -> int:
    """Seconds until the next poll of an unfinished job, MIN_PAUSE_S to MAX_PAUSE_S. `done_share` is 0 to 1."""
    left_s = _remaining_s(job, done_share, now)
    place = int.from_bytes(job.job_id.encode()) % PLACES / PLACES
    wait_s = left_s * SHARE * (1 + SPREAD * (place - 0.5))
    return ceil(min(MAX_PAUSE_S, max(MIN_PAUSE_S, wait_s)))


def _remaining_s(job: Job, done_share: float, now: datetime) -> float:
    """The remaining time of the job, from its estimate at acceptance and its progress."""
    if job.state is JobState.QUEUED or job.started_at is None:
        elapsed_s = (now - job.created_at).total_seconds()
        expected_s = float(job.estimated_wait_s + job.estimated_render_s)
    else:
        elapsed_s = (now - job.started_at).total_seconds()
        expected_s = float(job.estimated_render_s)
        if done_share > 0:
            # The elapsed time gets more weight as more of the job is done.
            expected_s += (elapsed_s / done_share - expected_s) * done_share
    return max(expected_s - elapsed_s, elapsed_s * LATE * (1 - done_share))
