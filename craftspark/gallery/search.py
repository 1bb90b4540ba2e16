"""Search: the published pictures that are nearest to words, to a picture, or to both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from craftspark.errors import InvalidInput, PictureNotFound
from craftspark.gallery.pictures import Picture, parse_tag
from craftspark.gallery.vectors import NearPicture, PictureIndex, Reading, Vector, describe, mean_direction
from craftspark.moderation import Moderator, refusal_of

MAX_WORDS = 200  # characters
MAX_FOUND = 48
# More than are shown are looked up, because some may have been taken back since they were indexed.
SPARE = 16


class PublicPictures(Protocol):
    """The pictures that everybody may see now."""

    def find_public(self, picture_ids: Sequence[str]) -> Mapping[str, Picture]:
        """Those of up to 100 pictures that are public, by their IDs."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a visitor looks for: words, a picture whose like is wanted, or both. At most `limit` pictures are wanted."""

    words: str | None
    like: str | None
    tool: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search has found, the best first. The first `fitting` pictures show the words; others are the nearest."""

    pictures: list[Picture]
    fitting: int


@dataclass(frozen=True, kw_only=True)
class Search:
    """Finds pictures in an index.

    `read` reads words, with a vector by the encoder of the index. A picture shows words that are known if the distance
    between their vectors is at most `fits_within`.

    Words are moderated without a service: everybody may search, and what is found was moderated when it was published.
    """

    moderator: Moderator
    index: PictureIndex
    pictures: PublicPictures
    read: Callable[[str], Reading]
    fits_within: float

    def find(self, wanted: Wanted) -> Found:
        """The best pictures: first those that fit, and of these first those with a tag that is exactly the words, then
        those whose public words name most of what is wanted, then the nearest.

        A picture fits if it has the tag, if its words name everything that is wanted, or if it is near enough. With
        `like`, all fit: the wanted picture says how near is near enough. The state of each is read before it is
        returned. Raises InvalidInput, PromptRefused or PictureNotFound.
        """
        if wanted.words and (objections := self.moderator.objections(wanted.words)):
            raise refusal_of("words", objections)
        reading = self.read(wanted.words) if wanted.words else None
        tag = _tag_of(wanted.words) if wanted.words else None
        distances = self._find_near(wanted, self._place(wanted, reading), tag)
        public = self.pictures.find_public([*distances]) if distances else {}
        ranked = [
            (*self._rank(wanted, reading, tag, each, distances[each.picture_id]), each) for each in public.values()
        ]
        shown = sorted(ranked, key=lambda each: each[:4])[: wanted.limit]
        return Found(pictures=[each[-1] for each in shown], fitting=sum(not each[0] for each in shown))

    def _rank(
        self, wanted: Wanted, reading: Reading | None, tag: str | None, picture: Picture, distance: float
    ) -> tuple[bool, bool, int, float]:
        """Whether a picture does not fit, and its rank among those that do or do not, the lowest first."""
        if reading is None:
            return False, True, 0, distance
        said = reading.count_said(" ".join([picture.title, *picture.tags, *describe(picture)]))
        tagged = tag in picture.tags
        near = wanted.like is not None or (reading.is_known and distance <= self.fits_within)
        return not (tagged or near or 0 < said == reading.subjects), not tagged, -said, distance

    def _find_near(self, wanted: Wanted, place: Vector, tag: str | None) -> dict[str, float]:
        """The candidates with their distances: those with the tag, then the nearest."""
        number = wanted.limit + SPARE
        found: list[NearPicture] = []
        if tag:
            found += self.index.find_nearest(place, number, tool=wanted.tool, tag=tag)
        if len(found) < number:
            found += self.index.find_nearest(place, number, tool=wanted.tool, tag=None)
        distances = {each.picture_id: each.distance for each in found if each.picture_id != wanted.like}
        return dict(islice(distances.items(), number))

    def _place(self, wanted: Wanted, reading: Reading | None) -> Vector:
        """The place in the index from which pictures are near. Raises InvalidInput or PictureNotFound."""
        places = []
        if reading:
            places.append(reading.vector)
        if wanted.like:
            places.append(self._place_of_picture(wanted.like))
        if not places:
            raise InvalidInput("say what to look for: send words, like, or both", field="words")
        return mean_direction(places)

    def _place_of_picture(self, picture_id: str) -> Vector:
        if picture_id not in self.pictures.find_public([picture_id]):
            raise PictureNotFound(f"there is no picture {picture_id}; it may have been unpublished", field="like")
        vector = self.index.find_vector(picture_id)
        if vector is None:
            raise InvalidInput(f"picture {picture_id} was published just now; search again in a minute", field="like")
        return vector


def _tag_of(words: str) -> str | None:
    """The tag that is exactly the words, if they can be one."""
    try:
        return parse_tag(words)
    except ValueError:
        return None
