"""Settings of the functions for the gallery."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class RecordSettings(Settings):
    """What every function for the gallery needs."""

    gallery_table: str


@dataclass(frozen=True, kw_only=True)
class GallerySettings(RecordSettings):
    """What functions that show pictures need. `url_lifetime_s` is the validity of links to pictures, in seconds."""

    gallery_bucket: str
    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class PublishSettings(GallerySettings):
    """What the functions with which makers publish need. `publish_image` also has ModerationSettings."""

    jobs_table: str
    images_bucket: str
