"""Uploads, for the handlers of the upload endpoints."""

from datetime import timedelta
from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs.presigning import Presigner
from craftspark.aws.pictures.upload_table import UploadTable
from craftspark.aws.pictures.uploads import UploadBucket
from craftspark.settings.uploads import UploadSettings
from craftspark.uploads import Uploads
from lambdas.wiring.accounts import accounts


@cache
def settings() -> UploadSettings:
    return UploadSettings.from_environment()


@cache
def table() -> UploadTable:
    return UploadTable(client=clients.dynamodb(), table=settings().uploads_table)


@cache
def store() -> UploadBucket:
    return UploadBucket(client=clients.s3(), bucket=settings().uploads_bucket)


@cache
def links() -> Presigner:
    """Links to checked pictures and their thumbnails."""
    return Presigner(client=clients.s3(), bucket=settings().uploads_bucket, lifetime_s=settings().url_lifetime_s)


@cache
def uploads() -> Uploads:
    kept = timedelta(days=settings().uploads_kept_days)
    return Uploads(store=store(), records=table(), plan_of=accounts().plan_of, kept=kept)
