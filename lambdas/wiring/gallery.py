"""The gallery, for the handlers of its endpoints."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_items import standing_write
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.kept_table import KeptTable
from craftspark.aws.gallery.likes_table import LikesTable
from craftspark.aws.gallery.picture_bucket import HIDDEN, PictureBucket
from craftspark.aws.gallery.popular_table import PopularTable, hide_in_snapshots
from craftspark.aws.gallery.profiles_table import ProfilesTable
from craftspark.aws.gallery.reports_table import ReportsTable
from craftspark.aws.jobs.presigning import Presigner
from craftspark.clock import utc_now
from craftspark.gallery.curation import Curation
from craftspark.gallery.likes import Liking
from craftspark.gallery.links import SiteLinks
from craftspark.gallery.pictures import author_of
from craftspark.gallery.publishing import Gallery
from craftspark.gallery.review import KeptPicture
from craftspark.jobs.downloads import Download
from craftspark.jobs.idempotency import Write
from craftspark.settings.gallery import GallerySettings, PublishSettings, RecordSettings

# The pictures of a suspended maker are hidden within this time.
HIDING = timedelta(minutes=15)


@cache
def table() -> GalleryTable:
    return GalleryTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)


@cache
def popular_table() -> PopularTable:
    return PopularTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)


@cache
def liking() -> Liking:
    records = LikesTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)
    return Liking(pictures=table(), records=records)


@cache
def links() -> SiteLinks:
    """Addresses of the files of public pictures."""
    return SiteLinks(site_url=GallerySettings.from_environment().site_url)


@cache
def _signed_links() -> Presigner:
    settings = GallerySettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.gallery_bucket, lifetime_s=settings.url_lifetime_s)


def hidden_links(kept: KeptPicture, names: Sequence[str]) -> list[str]:
    """Signed links to the files of a picture, wherever they are, for its maker and for administrators."""
    folder = kept.picture.folder if kept.state == "public" else f"{HIDDEN}{kept.picture.folder}"
    return _signed_links().links([Download(f"{folder}/{name}") for name in names])


def standing_writes(maker: str, reason: str | None) -> list[Write]:
    """The writes that say whether a maker is suspended, for the transaction that decides it.

    A function then hides the maker's pictures one after another. The snapshots of popular pictures, in which no reader
    looks up each picture, leave out all of them immediately.
    """
    table, now = RecordSettings.from_environment().gallery_table, utc_now()
    standing = standing_write(table, maker, now, suspended=reason is not None)
    return [standing, *([hide_in_snapshots(table, author_of(maker), now + HIDING)] if reason else [])]


@cache
def profiles() -> ProfilesTable:
    return ProfilesTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)


@cache
def kept_table() -> KeptTable:
    return KeptTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)


@cache
def reports_table() -> ReportsTable:
    return ReportsTable(client=clients.dynamodb(), table=RecordSettings.from_environment().gallery_table)


@cache
def curation() -> Curation:
    bucket = GallerySettings.from_environment().gallery_bucket
    copies = PictureBucket(client=clients.s3(), images_bucket=bucket, gallery_bucket=bucket)
    return Curation(pictures=kept_table(), reports=reports_table(), copies=copies)


@cache
def gallery() -> Gallery:
    settings = PublishSettings.from_environment()
    copies = PictureBucket(
        client=clients.s3(), images_bucket=settings.images_bucket, gallery_bucket=settings.gallery_bucket
    )
    return Gallery(records=table(), copies=copies)
