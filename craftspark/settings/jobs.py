"""Settings of the HTTP functions for jobs and tools."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SubmitSettings(Settings):
    """Settings of `submit_job` and `quote_job`. `pools` is the JSON of a craftspark.jobs.pools.ServingPools.

    Times are seconds. `batch_s` limits the rendering of a batch, and `job_deadline_s` limits a job. `dispatch_ms` are
    the milliseconds from a submission to the first step of an idle worker.

    `moderator` checks prompts in addition to the word lists: `none`, `comprehend`, or `guardrail` with an id and a
    version. While it is unavailable, `moderation_fallback` says whether to `accept` or to `refuse` prompts.
    """

    jobs_table: str
    accounts_table: str
    styles_table: str
    intake_queue_url: str
    pools: str
    dispatch_ms: int
    batch_s: int
    moderator: str
    moderation_fallback: str
    guardrail_id: str
    guardrail_version: str
    uploads_table: str
    gallery_table: str
    default_plan: str
    job_deadline_s: int
    job_retention_days: int


@dataclass(frozen=True, kw_only=True)
class ToolsSettings(Settings):
    """What `list_tools` needs. `pools` is as in SubmitSettings."""

    pools: str


@dataclass(frozen=True, kw_only=True)
class DeleteSettings(Settings):
    """What `delete_job` and `delete_images` need."""

    jobs_table: str
    images_bucket: str


@dataclass(frozen=True, kw_only=True)
class ReadSettings(DeleteSettings):
    """What `read_job`, `list_jobs`, `list_files` and `zip_files` need."""

    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class JobsSettings(Settings):
    """What `change_job` needs."""

    jobs_table: str
