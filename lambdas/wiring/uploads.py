"""Uploads, for the handlers of the upload endpoints."""

from datetime import timedelta
from functools import cache

from craftspark.accounts.plans import Plan, find_plan
from craftspark.aws import clients
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
def uploads() -> Uploads:
    return Uploads(store=store(), records=table(), plan_of=plan_of, kept=timedelta(days=settings().uploads_kept_days))


def plan_of(maker: str) -> Plan:
    """The plan of the maker's account, or the stage's default plan if the maker has no account yet."""
    account = accounts().find(maker)
    return find_plan(account.plan) if account else accounts().plan
