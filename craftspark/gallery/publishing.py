"""Publishing an image, and taking it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors import FilesMissing, JobUnfinished, PictureAlreadyPublished, PictureNotFound
from craftspark.gallery.feeds import Feed
from craftspark.gallery.pictures import Picture, Publication, check_publication
from craftspark.jobs.downloads import terms_of_job
from craftspark.jobs.job import JobRecord, StoredImage, image_key, thumbnail_key
from craftspark.moderation import Moderation

PICTURE_FILE, THUMBNAIL_FILE = "picture.png", "thumbnail.webp"


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """A public picture as its page shows it.

    `related` has those of its ancestors that are public, by their ID. `names` has the names of their makers, by author,
    if they have chosen one. `remixes_publishable` is false after a takedown of a picture that this one comes from.
    """

    picture: Picture
    likes: int
    remixes: int
    remixes_publishable: bool
    related: Mapping[str, Picture]
    names: Mapping[str, str]


class GalleryRecords(Protocol):
    """The published pictures and their rows in feeds."""

    def add(self, picture: Picture) -> None:
        """Add a picture and all its rows, or nothing.

        Raises PictureAlreadyPublished, AccountSuspended or AccountContended.
        """

    def find(self, picture_id: str) -> Picture:
        """The picture, whether it is public or not. Raises PictureNotFound."""

    def check_not_taken_down(self, picture_id: str) -> None:
        """Raises PictureTakenDown."""

    def find_public(self, picture_ids: Sequence[str]) -> Mapping[str, Picture]:
        """Those of the pictures that are public now, by their ID. Everything that shows a picture asks this first."""

    def show(self, picture_id: str) -> ShownPicture:
        """A public picture with its counts. Raises PictureNotFound."""

    def remove(self, picture: Picture) -> None:
        """Remove a picture and all its rows, or nothing.

        Raises PictureNotFound if it is gone, PictureTakenDown or AccountContended.
        """

    def page(self, feed: Feed, limit: int, after: str | None) -> tuple[list[Picture], str | None]:
        """Up to `limit` pictures of a feed that come after a position, and the position of the next page, if any."""


class PictureCopies(Protocol):
    """The files of published pictures."""

    def copy(self, folder: str, files: dict[str, str]) -> None:
        """Copy objects of the images bucket to names in a folder. Raises FilesMissing if one does not exist."""

    def drop(self, folder: str, names: Sequence[str]) -> None:
        """Delete files, if they exist, also those that are hidden."""

    def hide(self, folder: str, names: Sequence[str]) -> None:
        """Move files, if they exist, to where nobody can read them."""

    def bring_back(self, old: str, new: str, names: Sequence[str]) -> None:
        """Copy files, hidden or not, to another folder. Raises FilesMissing."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The use cases of makers in the gallery."""

    records: GalleryRecords
    copies: PictureCopies
    now: Callable[[], datetime] = utc_now

    def publish(self, record: JobRecord, index: int, publication: Publication, moderation: Moderation) -> Picture:
        """Publish an image of a job of the caller's. The same publication again has no second effect.

        The files are copied first, so that a picture in a list has its files. Other errors leave copies that no URL
        leads to: the record may have been written in spite of the error.

        Raises JobUnfinished, FilesMissing, InvalidInput, PictureAlreadyPublished, PictureTakenDown, and the errors of
        the moderation.
        """
        job = record.job
        if not job.state.final:
            raise JobUnfinished(f"job {job.job_id} has not ended; wait until it has, or cancel it", field="job_id")
        image = _find_image(record, index)
        check_publication(publication, job.request, terms_of_job(job), job.lineage)
        moderation.check(job.maker, {"title": publication.title, "tags": "\n".join(publication.tags)}, self.now())
        picture = Picture.of(job, image, publication, self.now())
        if published := self._find(picture.picture_id):
            return self._same(published, picture)
        self.copies.copy(
            picture.folder,
            {PICTURE_FILE: image_key(job.job_id, index), THUMBNAIL_FILE: thumbnail_key(job.job_id, index)},
        )
        try:
            self.records.add(picture)
        except PictureAlreadyPublished:
            published = self.records.find(picture.picture_id)
            if published.folder != picture.folder:  # another request was faster
                self._drop(picture)
            return self._same(published, picture)
        return picture

    def unpublish(self, maker: str, picture_id: str) -> None:
        """Take the caller's own picture back. Raises PictureNotFound or PictureTakenDown.

        The record is removed first. Files that an interruption leaves are in no list, and no URL for them is given out.
        """
        picture = self._find(picture_id)
        if picture is None or picture.maker != maker:
            raise PictureNotFound(f"you have published no picture {picture_id}", field="picture_id")
        self.records.remove(picture)
        self._drop(picture)

    def _find(self, picture_id: str) -> Picture | None:
        try:
            return self.records.find(picture_id)
        except PictureNotFound:
            return None

    def _same(self, published: Picture, wanted: Picture) -> Picture:
        """The published picture, if it says what is wanted now. Raises PictureTakenDown or PictureAlreadyPublished."""
        self.records.check_not_taken_down(published.picture_id)
        said = (published.title, published.tags, published.licence, published.words)
        if said != (wanted.title, wanted.tags, wanted.licence, wanted.words):
            raise PictureAlreadyPublished(
                f"the image is published as {published.picture_id} with another title, tags, licence or words; "
                "unpublish it first to change them",
                field="index",
            )
        return published

    def _drop(self, picture: Picture) -> None:
        self.copies.drop(picture.folder, (PICTURE_FILE, THUMBNAIL_FILE))


def _find_image(record: JobRecord, index: int) -> StoredImage:
    for image in record.available:
        if image.index == index:
            return image
    raise FilesMissing(f"the job has no image {index}; list its files to see which it has", field="index")
