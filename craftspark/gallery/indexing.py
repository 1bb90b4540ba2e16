"""Indexing: the indexes get every public picture, and lose those that are no longer public."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.contracts import Contract
from craftspark.gallery.pictures import Picture
from craftspark.gallery.search import PublicPictures
from craftspark.gallery.vectors import IndexedPicture, PictureIndex, Vector, describe, mean_direction


@dataclass(frozen=True, kw_only=True)
class PictureChange(Contract):
    """The picture of an event or a message to index: whether it is public is read when the message is handled."""

    picture_id: str


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """An index with the encoder of its vectors: of a thumbnail, and of a text."""

    index: PictureIndex
    embed_picture: Callable[[bytes], Vector]
    embed_text: Callable[[str], Vector]

    def embed(self, picture: Picture, thumbnail: bytes) -> IndexedPicture:
        """A picture for the index. Its vector is the mean of those of the thumbnail and of what is said about it."""
        said = mean_direction([self.embed_text(text) for text in describe(picture)])
        vector = mean_direction([self.embed_picture(thumbnail), said])
        return IndexedPicture(picture_id=picture.picture_id, vector=vector, tool=picture.tool, tags=picture.tags)


class Thumbnails(Protocol):
    """The thumbnails of published pictures."""

    def read_thumbnail(self, folder: str) -> bytes:
        """The WebP file. Raises FilesMissing."""


@dataclass(frozen=True, kw_only=True)
class Indexing:
    """Brings pictures and their indexes together. The same picture again, or later, has no other effect."""

    embeddings: Sequence[Embedding]
    pictures: PublicPictures
    thumbnails: Thumbnails
    report: Callable[[str, Exception], None]

    def update(self, picture_ids: Iterable[str]) -> set[str]:
        """Index the pictures that are public, and remove the others. Returns those that failed, each reported.

        Raises the errors of the table and of the indexes.
        """
        wanted = list(dict.fromkeys(picture_ids))
        public = self.pictures.find_public(wanted)
        entries: list[list[IndexedPicture]] = [[] for _ in self.embeddings]
        failed = set()
        for picture in public.values():
            try:
                thumbnail = self.thumbnails.read_thumbnail(picture.folder)
                made = [embedding.embed(picture, thumbnail) for embedding in self.embeddings]
            except Exception as error:  # one broken file must not stop the others
                self.report(picture.picture_id, error)
                failed.add(picture.picture_id)
                continue
            for of_index, entry in zip(entries, made, strict=True):
                of_index.append(entry)
        for embedding, of_index in zip(self.embeddings, entries, strict=True):
            if of_index:
                embedding.index.put(of_index)
        # A picture that was taken back meanwhile has left the index before it was put there.
        still = self.pictures.find_public(list(public)) if public else {}
        if gone := [each for each in wanted if each not in still]:
            for embedding in self.embeddings:
                embedding.index.drop(gone)
        return failed - set(gone)
