"""What the HTTP functions of jobs and tools need."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SubmitSettings(Settings):
    """What `submit_job` and `quote_job` need. The stage renders on `device`, with so many workers and launched tasks.

    Times are seconds: `launch_s` is how long a launched task takes to its first step, where none was launched lately,
    `batch_s` and `job_deadline_s` bound rendering a batch and a whole job. `dispatch_ms` are the milliseconds from a
    submission to the first step of an idle worker.

    `moderator` is what judges prompts beside the word lists: `none`, `comprehend` or `guardrail`, which has an id and
    a version. `unjudged` prompts, while it does not answer, are `accept`ed or `refuse`d.
    """

    jobs_table: str
    accounts_table: str
    styles_table: str
    intake_queue_url: str
    device: str
    warm_workers: int
    launched_tasks: int
    launch_s: int
    dispatch_ms: int
    batch_s: int
    moderator: str
    unjudged: str
    guardrail_id: str
    guardrail_version: str
    uploads_table: str
    model: str
    default_plan: str
    job_deadline_s: int
    job_retention_days: int


@dataclass(frozen=True, kw_only=True)
class ToolsSettings(Settings):
    """What `list_tools` needs."""

    model: str


@dataclass(frozen=True, kw_only=True)
class DeleteSettings(Settings):
    """What `delete_job` and `delete_images` need."""

    jobs_table: str
    images_bucket: str


@dataclass(frozen=True, kw_only=True)
class ReadSettings(DeleteSettings):
    """What `read_job` and `list_jobs` need."""

    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class JobsSettings(Settings):
    """What `change_job` needs."""

    jobs_table: str
