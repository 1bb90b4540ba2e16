"""Uploads as the two handlers around them need them."""

from datetime import timedelta
from functools import cache

from craftspark.aws import clients
from craftspark.aws.uploads import UploadBucket
from craftspark.settings import UploadSettings
from craftspark.uploads import Uploads


@cache
def uploads() -> Uploads:
    settings = UploadSettings.from_environment()
    kept = timedelta(days=settings.uploads_kept_days)
    return Uploads(store=UploadBucket(client=clients.s3(), bucket=settings.uploads_bucket, kept=kept))
