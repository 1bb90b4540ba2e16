"""Jobs and their images, for the handlers of job endpoints."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs.images import ImageBucket
from craftspark.aws.jobs.job_list import JobEditor, JobList
from craftspark.aws.jobs.zips import ZipBucket
from craftspark.settings.jobs import DeleteSettings, JobsSettings


@cache
def job_list() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=JobsSettings.from_environment().jobs_table)


@cache
def job_editor() -> JobEditor:
    return JobEditor(client=clients.dynamodb(), jobs_table=JobsSettings.from_environment().jobs_table)


@cache
def zip_bucket() -> ZipBucket:
    return ZipBucket(client=clients.s3(), bucket=DeleteSettings.from_environment().images_bucket)


@cache
def image_bucket() -> ImageBucket:
    return ImageBucket(client=clients.s3(), bucket=DeleteSettings.from_environment().images_bucket)
