"""When a client that waits for a job had best look again."""

from datetime import datetime
from math import ceil

from craftspark.jobs.job import Job, JobState

MIN_PAUSE_S, MAX_PAUSE_S = 1, 30
# Of the time that is left by estimate: the last look comes soon after the end, and few go before it.
SHARE = 0.7
# Jobs of one moment spread their clients' looks over so much of the time between two looks.
SPREAD, PLACES = 0.3, 997
# A job that is later than its estimate is looked at after this share of the time that it has taken.
LATE = 0.2


def next_poll_s(job: Job, done_share: float, now: datetime) -> int:
    """Whole seconds until the next look at an unfinished job, MIN_PAUSE_S to MAX_PAUSE_S; `done_share` is 0 to 1."""
    left_s = _remaining_s(job, done_share, now)
    place = int.from_bytes(job.job_id.encode()) % PLACES / PLACES
    wait_s = left_s * SHARE * (1 + SPREAD * (place - 0.5))
    return ceil(min(MAX_PAUSE_S, max(MIN_PAUSE_S, wait_s)))


def _remaining_s(job: Job, done_share: float, now: datetime) -> float:
    """How long the job will still take, by its estimate at acceptance and what came of it since."""
    if job.state is JobState.QUEUED or job.started_at is None:
        elapsed_s = (now - job.created_at).total_seconds()
        expected_s = float(job.estimated_wait_s + job.estimated_render_s)
    else:
        elapsed_s = (now - job.started_at).total_seconds()
        expected_s = float(job.estimated_render_s)
        if done_share > 0:
            # What it took so far tells the more, the more is done.
            expected_s += (elapsed_s / done_share - expected_s) * done_share
    return max(expected_s - elapsed_s, elapsed_s * LATE * (1 - done_share))
