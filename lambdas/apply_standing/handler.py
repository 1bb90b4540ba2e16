"""Event MakerStandingChanged -> a suspended maker's pictures are hidden, and shown again when the suspension ends.

A change that a newer one has overtaken is left to that one. A run that ends early continues where it stopped: pictures
that are as they should be are only read.
"""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.gallery.kept_table import KeptTable, StandingChanged
from craftspark.aws.gallery.picture_bucket import PictureBucket
from craftspark.aws.gallery.reports_table import ReportsTable
from craftspark.gallery.curation import Curation
from craftspark.gallery.events import MakerStandingChanged
from craftspark.settings.gallery import StandingSettings
from lambdas.log import logger

PAGE = 100


@cache
def kept_table() -> KeptTable:
    return KeptTable(client=clients.dynamodb(), table=StandingSettings.from_environment().gallery_table)


@cache
def curation() -> Curation:
    settings = StandingSettings.from_environment()
    bucket = settings.gallery_bucket
    return Curation(
        pictures=kept_table(),
        reports=ReportsTable(client=clients.dynamodb(), table=settings.gallery_table),
        copies=PictureBucket(client=clients.s3(), images_bucket=bucket, gallery_bucket=bucket),
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    change = MakerStandingChanged.from_json(event["detail"])
    try:
        changed = apply(change)
    except StandingChanged:
        logger.info("standing overtaken", extra={"subject": change.maker})
        return
    logger.info("standing applied", extra={"subject": change.maker, "pictures": changed})


def apply(change: MakerStandingChanged) -> int:
    """Hide or show all pictures of the maker, and return how many were changed. Raises StandingChanged."""
    suspended, changed, after = kept_table().read_standing(change.maker, change.changed_at), 0, None
    check = kept_table().same_standing(change.maker, change.changed_at)
    while True:
        page, after = kept_table().of_maker(change.maker, PAGE, after)
        for kept in page:
            changed += curation().apply_standing(kept.picture.picture_id, suspended=suspended, also=[check])
        if after is None:
            return changed
