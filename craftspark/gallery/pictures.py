"""Published pictures: what everybody sees of an image, and who may change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from unicodedata import category, normalize

from craftspark.errors import InvalidInput
from craftspark.jobs.job import Job, StoredImage, job_id_of
from craftspark.models.terms import Terms
from craftspark.parsing.texts import PILED_MARKS, has_piled_marks, name_character
from craftspark.tools import TOOLS
from craftspark.tools.lineage import Lineage, pictures_of
from craftspark.tools.request import EXCLUDED_FIELDS, WORD_FIELDS

# What others may do with a picture, from the most to the least.
Licence = Literal["cc0-1.0", "cc-by-4.0", "personal"]
LICENCES: tuple[Licence, ...] = get_args(Licence)
STRICTNESS: list[str] = list(LICENCES)
MAX_TITLE, MAX_TAGS, MAX_TAG = 80, 5, 30


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What a maker says about an image that becomes public."""

    title: str
    tags: tuple[str, ...]
    licence: Licence
    share_words: bool


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A published picture. Sizes are pixels.

    `maker` is never shown; `author` is. `recipe` has the settings that it was made with, and `words` the maker's own,
    if they are public. `folder` is where its files are in the gallery bucket: another one after each publication, so
    that a file never changes under its URL. `ancestors` are the pictures that it is a remix of, the nearest first,
    `root` is the first one of that line, and `bound` is the strictest licence of other makers' pictures among them.
    """

    picture_id: str
    maker: str
    job_id: str
    index: int
    tool: str
    model: str
    title: str
    tags: tuple[str, ...]
    licence: Licence
    width: int
    height: int
    alpha: bool
    seed: int
    recipe: Mapping[str, Any]
    words: Mapping[str, Any] | None
    published_at: datetime
    folder: str
    ancestors: tuple[str, ...] = ()
    root: str | None = None
    bound: str | None = None
    likes: int = 0

    @classmethod
    def of(cls, job: Job, image: StoredImage, publication: Publication, at: datetime) -> Picture:
        """The picture that an image becomes when it is published."""
        picture_id = picture_id_of(job.job_id, image.index)
        shared = {name: job.request[name] for name in WORD_FIELDS if job.request.get(name)}
        settings = TOOLS[job.tool].request.remove_sources(job.request)
        return cls(
            picture_id=picture_id,
            maker=job.maker,
            job_id=job.job_id,
            index=image.index,
            tool=job.tool,
            model=job.model,
            title=publication.title,
            tags=publication.tags,
            licence=publication.licence,
            width=image.width,
            height=image.height,
            alpha=image.alpha,
            seed=image.seed,
            recipe={
                name: value for name, value in settings.items() if name not in EXCLUDED_FIELDS and value is not None
            },
            words=shared if publication.share_words else None,
            published_at=at,
            folder=folder_of(picture_id, at),
            ancestors=job.lineage.ancestors if job.lineage else (),
            root=job.lineage.root if job.lineage else None,
            bound=job.lineage.bound if job.lineage else None,
        )

    @property
    def author(self) -> str:
        return author_of(self.maker)

    @property
    def lineage(self) -> tuple[str, ...]:
        """The pictures that this one comes from, as far as they are known: the nearest first, the root last."""
        return pictures_of(self.ancestors, self.root)

    @property
    def parent(self) -> str | None:
        return self.ancestors[0] if self.ancestors else None


def picture_id_of(job_id: str, index: int) -> str:
    """The ID of an image as a published picture. It does not reveal the job."""
    return job_id_of("picture", f"{job_id}/{index}")


def folder_of(picture_id: str, at: datetime) -> str:
    """The folder of a picture that becomes public at a moment. No other moment has the same."""
    return f"pictures/{picture_id}/{job_id_of(picture_id, at.isoformat())}"


def author_of(maker: str) -> str:
    """The ID of a maker for everybody. It does not reveal the one that the maker signs in with."""
    return job_id_of("author", maker)


def parse_tag(text: str) -> str:
    """A tag of letters, digits, spaces and hyphens, in lower case with single spaces. Raises ValueError.

    Tags are compared as text, so each has one form of its letters (NFKC).
    """
    tag = " ".join(normalize("NFKC", normalize("NFKC", text).lower()).split())
    if refused := next((sign for sign in tag if category(sign)[0] not in "LMN" and sign not in " -"), None):
        raise ValueError(
            f"a tag has letters, digits, spaces and hyphens; remove the character {name_character(refused)}"
        )
    if len(tag) > MAX_TAG or not any(category(sign)[0] in "LN" for sign in tag):
        raise ValueError(f"a tag has 1 to {MAX_TAG} letters and digits, and may have spaces and hyphens")
    if has_piled_marks(tag):
        raise ValueError(PILED_MARKS)
    return tag


def may_remix(picture: Picture, maker: str) -> bool:
    """Whether a maker may start from a picture."""
    return picture.licence != "personal" or picture.maker == maker


def strictest_licence(licences: Sequence[str | None]) -> str | None:
    """The licence that allows the least, or None if there is none."""
    return max((licence for licence in licences if licence), key=STRICTNESS.index, default=None)


def check_publication(
    publication: Publication, request: Mapping[str, Any], terms: Terms, lineage: Lineage | None = None
) -> None:
    """Check that a maker may publish an image in this way. Raises InvalidInput with the field and the fix."""
    bound = lineage.bound if lineage else None
    if bound and strictest_licence([publication.licence, bound]) != publication.licence:
        raise InvalidInput(
            f"the image is a remix of a picture with the licence {bound}; choose {bound} or a stricter licence",
            field="licence",
        )
    if request.get("share_prompt") and not publication.share_words:
        raise InvalidInput(
            "the file of this image contains your words, because its job has `share_prompt`; set share_words, or make "
            "the image again without `share_prompt`",
            field="share_words",
        )
    check_terms(publication, terms)


def check_terms(publication: Publication, terms: Terms) -> None:
    """Check that the terms of the model allow the licence. Raises InvalidInput."""
    if publication.licence != "personal" and not terms.commercial:
        raise InvalidInput(
            "the licence of the model allows no commercial use; choose the licence personal", field="licence"
        )
    if publication.licence == "cc0-1.0" and terms.credit:
        raise InvalidInput(
            f"others must give credit for a picture of this model ({terms.credit}); choose cc-by-4.0 or personal",
            field="licence",
        )
