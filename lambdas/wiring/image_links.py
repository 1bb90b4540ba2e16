"""Presigned links to images, for handlers that return jobs."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.jobs.presigning import Presigner
from craftspark.settings.jobs import ReadSettings


@cache
def links() -> Presigner:
    settings = ReadSettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.images_bucket, lifetime_s=settings.url_lifetime_s)
