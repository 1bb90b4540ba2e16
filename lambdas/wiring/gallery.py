"""The gallery, for the handlers of its endpoints."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.likes_table import LikesTable
from craftspark.aws.gallery.picture_bucket import PictureBucket
from craftspark.aws.gallery.popular_table import PopularTable
from craftspark.aws.jobs.presigning import Presigner
from craftspark.gallery.likes import Liking
from craftspark.gallery.publishing import Gallery
from craftspark.settings.gallery import GallerySettings, PublishSettings, RecordSettings


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
def links() -> Presigner:
    settings = GallerySettings.from_environment()
    return Presigner(client=clients.s3(), bucket=settings.gallery_bucket, lifetime_s=settings.url_lifetime_s)


@cache
def gallery() -> Gallery:
    settings = PublishSettings.from_environment()
    copies = PictureBucket(
        client=clients.s3(), images_bucket=settings.images_bucket, gallery_bucket=settings.gallery_bucket
    )
    return Gallery(records=table(), copies=copies)
