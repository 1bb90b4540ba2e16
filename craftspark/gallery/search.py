"""Search: the published pictures that are nearest to words, to a picture, or to both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from craftspark.errors import InvalidInput, PictureNotFound
from craftspark.gallery.pictures import Picture, parse_tag
from craftspark.gallery.vectors import PictureIndex, Vector, describe, mean_direction
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

    `embed` returns the unit vector of a text, by the encoder of the index. A picture shows a text if the distance
    between their vectors is at most `fits_within`.

    Words are moderated without a service: everybody may search, and what is found was moderated when it was published.
    """

    moderator: Moderator
    index: PictureIndex
    pictures: PublicPictures
    embed: Callable[[str], Vector]
    fits_within: float

    def find(self, wanted: Wanted) -> Found:
        """The nearest pictures: first those that fit, and of these first those with a tag that is exactly the words.

        A picture fits too if what is said about it in public has all of the words. With `like`, all fit: the wanted
        picture says how near is near enough. The state of each is read before it is returned. Raises InvalidInput,
        PromptRefused or PictureNotFound.
        """
        if wanted.words and (objections := self.moderator.objections(wanted.words)):
            raise refusal_of("words", objections, kind="searches")
        vector = self._place(wanted)
        number = wanted.limit + SPARE
        fits: dict[str, bool] = {}  # by the ID of the picture, the best first
        if wanted.words and (tag := _tag_of(wanted.words)):
            tagged = self.index.find_nearest(vector, number, tool=wanted.tool, tag=tag)
            fits |= dict.fromkeys((each.picture_id for each in tagged), True)
        if len(fits) < number:
            within = math.inf if wanted.like else self.fits_within
            for each in self.index.find_nearest(vector, number, tool=wanted.tool, tag=None):
                fits.setdefault(each.picture_id, each.distance <= within)
        candidates = [each for each in fits if each != wanted.like][:number]
        public = self.pictures.find_public(candidates) if candidates else {}
        words = _words_in(wanted.words or "")
        near = [(public[each], fits[each] or _says(public[each], words)) for each in candidates if each in public]
        shown = sorted(near, key=lambda each: not each[1])[: wanted.limit]
        return Found(pictures=[picture for picture, _ in shown], fitting=sum(fitting for _, fitting in shown))

    def _place(self, wanted: Wanted) -> Vector:
        """The place in the index from which pictures are near. Raises InvalidInput or PictureNotFound."""
        places = []
        if wanted.words:
            places.append(self.embed(wanted.words))
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


def _says(picture: Picture, words: set[str]) -> bool:
    """Whether the title, the tags and the shared prompts of a picture have all of the words."""
    return bool(words) and words <= _words_in(" ".join([picture.title, *picture.tags, *describe(picture)]))


def _words_in(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _tag_of(words: str) -> str | None:
    try:
        return parse_tag(words)
    except ValueError:
        return None
