"""Request and response bodies of the gallery."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from craftspark.gallery.likes import Likes
from craftspark.gallery.pictures import MAX_TAG, MAX_TAGS, MAX_TITLE, Licence, Picture, Publication, parse_tag
from craftspark.gallery.publishing import PICTURE_FILE, THUMBNAIL_FILE, ShownPicture
from craftspark.jobs.downloads import Download, Links
from craftspark.models.terms import find_terms
from craftspark.parsing.texts import LINE, WORDS
from craftspark.tools.lineage import MAX_ANCESTORS
from lambdas.http.file_views import TermsView, terms_view
from lambdas.http.schemas import NEXT_CURSOR, Body, View

LICENCE = (
    "What others may do with the picture: `cc0-1.0` everything, `cc-by-4.0` everything if they credit you, `personal` "
    "private use only."
)

SORTS = ("newest", "popular")


def _tag(text: str) -> str:
    try:
        return parse_tag(text)
    except ValueError as error:
        raise PydanticCustomError("tag_refused", "{reason}", {"reason": str(error)}) from None


Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG), AfterValidator(_tag), WORDS]


def _different(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


class PublicationRequest(Body):
    """What to say about an image that becomes public."""

    title: Annotated[str, Field(min_length=1, max_length=MAX_TITLE), LINE, WORDS] = Field(
        description="Title of the picture.", examples=["Red apple"]
    )
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_different)] = Field(
        default_factory=list,
        description="Words by which others find the picture: letters, digits, spaces and hyphens. They are stored in "
        "lower case, and repeated tags count once.",
        examples=[["apple", "autumn"]],
    )
    licence: Licence = Field(description=LICENCE)
    share_words: bool = Field(
        False, description="Whether everybody can read the prompt. The file contains it if the job has `share_prompt`."
    )

    def publication(self) -> Publication:
        return Publication(title=self.title, tags=tuple(self.tags), licence=self.licence, share_words=self.share_words)


class CardFacts(View):
    """What lists say about a picture."""

    picture_id: str = Field(description="ID of the picture.")
    title: str = Field(description="Title of the picture.")
    author: str = Field(description="ID of the maker in the gallery. It is not the ID that the maker signs in with.")
    tool: str = Field(description="Name of the tool that made the picture.")
    tags: list[str] = Field(description="Tags of the picture.")
    licence: Licence = Field(description=LICENCE)
    width: int = Field(description="Width in pixels.")
    height: int = Field(description="Height in pixels.")
    alpha: bool = Field(description="Whether the picture has transparency.")
    published_at: datetime = Field(description="Time at which the picture was published.")
    likes: int = Field(
        description="Number of makers who like the picture. In lists, it is rounded down from 10 on: 10, 12, 15, 20, "
        "25, 30, 40, 50, 60, 80 and so on. It can be some seconds old, and a minute in the popular pictures."
    )


class PictureCard(CardFacts):
    """A published picture in a list."""

    thumbnail_url: str = Field(description="URL of a small WebP image. It is the same while the picture is public.")


class LikeView(View):
    """Whether you like a picture, and how many makers do."""

    liked: bool = Field(description="Whether you like the picture.")
    likes: int = Field(description="Number of makers who like the picture.")


class PicturePage(View):
    """A page of pictures, in the order of the list."""

    pictures: list[PictureCard] = Field(description="The pictures of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


class FoundPictures(View):
    """What a search has found."""

    pictures: list[PictureCard] = Field(description="The pictures, the best first.")
    fitting: int = Field(
        description="How many of the pictures, from the first one, show what the words say. The others are only the "
        "nearest. Without `words`, or with `like`, all fit."
    )


class AncestorView(View):
    """A picture that another one is a remix of."""

    picture_id: str = Field(description="ID of the picture.")
    title: str | None = Field(None, description="Title of the picture. Absent if the picture is not public any more.")
    author: str | None = Field(None, description="ID of its maker in the gallery. Absent with the title.")
    author_name: str | None = Field(None, description="Name of its maker. Absent if the maker has chosen none.")
    removed: bool | None = Field(None, description="True if the picture is not public any more, else absent.")


class LineageView(View):
    """The pictures that a remix comes from."""

    parent: AncestorView = Field(description="The picture that it is a remix of.")
    root: AncestorView = Field(description="The first picture of the line of parents.")
    ancestors: list[AncestorView] = Field(
        description=f"Up to {MAX_ANCESTORS} pictures that it comes from: its sources, where their lines start, and "
        "those between, the nearest first."
    )


class PictureView(PictureCard):
    """A published picture with what it was made from."""

    author_name: str | None = Field(None, description="Name of its maker. Absent if the maker has chosen none.")
    remixes: int = Field(description="Number of public remixes of the picture.")
    remixes_publishable: bool = Field(
        description="False if a picture that this one comes from was taken down: remixes of it can be made, but not "
        "published."
    )
    lineage: LineageView | None = Field(None, description="What it is a remix of. Absent if it is none.")
    url: str = Field(description="URL of the picture. It is the same while the picture is public.")
    model: str = Field(description="Name of the model that made the picture.")
    seed: int = Field(description="Seed that the picture was drawn with.")
    recipe: dict[str, Any] = Field(description="Settings of the request that made the picture.")
    words: dict[str, Any] | None = Field(None, description="Words of the request. Absent if they are private.")
    terms: TermsView = Field(description="Terms of the model, which hold in addition to the licence.")


def picture_page(pictures: Sequence[Picture], next_cursor: str | None, links: Links) -> PicturePage:
    return PicturePage(pictures=picture_cards(pictures, links), next_cursor=next_cursor)


def picture_cards(pictures: Sequence[Picture], links: Links) -> list[PictureCard]:
    urls = links([Download(f"{picture.folder}/{THUMBNAIL_FILE}") for picture in pictures])
    return [PictureCard(**card_facts(picture), thumbnail_url=url) for picture, url in zip(pictures, urls, strict=True)]


def like_view(likes: Likes) -> LikeView:
    return LikeView(liked=likes.liked, likes=likes.likes)


def picture_view(shown: ShownPicture, links: Links) -> PictureView:
    picture = shown.picture
    url, thumbnail_url = links([Download(f"{picture.folder}/{name}") for name in (PICTURE_FILE, THUMBNAIL_FILE)])
    return PictureView(
        **{**card_facts(picture), "likes": shown.likes},
        thumbnail_url=thumbnail_url,
        url=url,
        author_name=shown.names.get(picture.author),
        remixes=shown.remixes,
        remixes_publishable=shown.remixes_publishable,
        lineage=lineage_view(shown),
        model=picture.model,
        seed=picture.seed,
        recipe=dict(picture.recipe),
        words=dict(picture.words) if picture.words else None,
        terms=terms_view(find_terms(picture.model, picture.recipe.get("style"))),
    )


def lineage_view(shown: ShownPicture) -> LineageView | None:
    picture = shown.picture
    if picture.parent is None or picture.root is None:
        return None
    ancestors = [_ancestor(picture_id, shown) for picture_id in picture.ancestors]
    return LineageView(parent=ancestors[0], root=_ancestor(picture.root, shown), ancestors=ancestors)


def _ancestor(picture_id: str, shown: ShownPicture) -> AncestorView:
    ancestor = shown.related.get(picture_id)
    if ancestor is None:
        return AncestorView(picture_id=picture_id, removed=True)
    return AncestorView(
        picture_id=picture_id,
        title=ancestor.title,
        author=ancestor.author,
        author_name=shown.names.get(ancestor.author),
    )


def card_facts(picture: Picture) -> dict[str, Any]:
    return {
        "picture_id": picture.picture_id,
        "title": picture.title,
        "author": picture.author,
        "tool": picture.tool,
        "tags": list(picture.tags),
        "licence": picture.licence,
        "width": picture.width,
        "height": picture.height,
        "alpha": picture.alpha,
        "published_at": picture.published_at,
        "likes": picture.likes,
    }
