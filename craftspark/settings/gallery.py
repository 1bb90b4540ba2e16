"""Settings of the functions for the gallery."""

from dataclasses import dataclass

from craftspark.settings import Settings


@dataclass(frozen=True, kw_only=True)
class RecordSettings(Settings):
    """What every function for the gallery needs."""

    gallery_table: str


@dataclass(frozen=True, kw_only=True)
class FileSettings(Settings):
    """What a function that moves files needs."""

    gallery_bucket: str


@dataclass(frozen=True, kw_only=True)
class StandingSettings(RecordSettings, FileSettings):
    """What the function that hides the pictures of suspended makers needs."""


@dataclass(frozen=True, kw_only=True)
class GallerySettings(StandingSettings):
    """What functions that show pictures need. Public pictures are below `site_url`. `url_lifetime_s` is the validity of
    administrators' links to the others, in seconds.
    """

    site_url: str
    url_lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class IndexSettings(RecordSettings):
    """The indexes for the search. `vector_index_arns` are separated by spaces, in the order of the encoders in
    `craftspark.likeness.files`.
    """

    vector_index_arns: str

    @property
    def arns(self) -> list[str]:
        return self.vector_index_arns.split()


@dataclass(frozen=True, kw_only=True)
class IndexingSettings(IndexSettings, FileSettings):
    """What the function needs that indexes pictures."""


@dataclass(frozen=True, kw_only=True)
class FillingSettings(IndexSettings):
    """What the function needs that fills new indexes."""

    index_queue_url: str


@dataclass(frozen=True, kw_only=True)
class PublishSettings(GallerySettings):
    """What the functions with which makers publish need. `publish_image` also has ModerationSettings."""

    jobs_table: str
    images_bucket: str
