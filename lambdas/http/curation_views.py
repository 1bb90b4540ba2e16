"""Request and response bodies about reports, takedowns and appeals."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from craftspark.gallery.publishing import PICTURE_FILE, THUMBNAIL_FILE
from craftspark.gallery.review import MAX_STATEMENT, Appeal, KeptPicture, Reason, Report, Review, State, Takedown
from craftspark.jobs.downloads import Download, Links
from craftspark.parsing.texts import PROSE, WORDS
from lambdas.http.gallery_views import CardFacts, card_facts
from lambdas.http.schemas import NEXT_CURSOR, Body, View

Statement = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_STATEMENT), PROSE, WORDS
]
STATE = (
    "`public`: everybody sees the picture. `taken_down`: an administrator has hidden it. `suspended`: it is hidden "
    "while the account of its maker is suspended."
)


class ReportRequest(Body):
    """What is wrong with a picture."""

    reason: Reason = Field(description="Reason of the report.")
    words: Statement | None = Field(None, description="What the administrators should know. Only they read it.")


class TakedownRequest(Body):
    """Why a picture is taken down."""

    reason: Reason = Field(description="Reason of the takedown. The maker of the picture sees it.")
    words: Statement | None = Field(None, description="What the maker of the picture should know.")


class AppealRequest(Body):
    """An appeal against a takedown."""

    words: Statement = Field(description="Why the picture should be public. Only administrators read it.")


class ReportView(View):
    """A report of a picture."""

    reason: Reason = Field(description="Reason of the report.")
    words: str | None = Field(None, description="What the administrators should know.")
    reported_at: datetime = Field(description="Time of the report.")


class TakedownView(View):
    """Why a picture was taken down."""

    reason: Reason = Field(description="Reason of the takedown.")
    words: str | None = Field(None, description="What the administrator says about it.")
    taken_down_at: datetime = Field(description="Time of the takedown.")


class AppealView(View):
    """An appeal against a takedown."""

    words: str = Field(description="Why the picture should be public.")
    appealed_at: datetime = Field(description="Time of the appeal.")
    dismissed_at: datetime | None = Field(
        None, description="Time at which an administrator dismissed it. Absent while it waits."
    )


class OwnPictureView(CardFacts):
    """One of your published pictures, and whether everybody sees it."""

    state: State = Field(description=STATE)
    takedown: TakedownView | None = Field(None, description="Why it was taken down. Absent if it was not.")
    appeal: AppealView | None = Field(None, description="Your appeal against the takedown, if there is one.")
    thumbnail_url: str = Field(
        description="URL of a small WebP image. While the picture is not public, the URL is temporary, and works some "
        "seconds after the picture was hidden."
    )


class OwnPicturePage(View):
    """A page of your published pictures, newest first."""

    pictures: list[OwnPictureView] = Field(description="The pictures of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


class KeptPictureView(OwnPictureView):
    """A published picture as administrators see it, also while it is not public."""

    maker: str = Field(description="ID of the maker: the `sub` claim of their access tokens.")
    url: str = Field(description="Temporary URL of the picture.")
    words: dict[str, Any] | None = Field(None, description="Words of the request. Absent if they are private.")


class ReviewView(View):
    """A picture that waits for an administrator."""

    picture: KeptPictureView = Field(description="The picture.")
    priority: int = Field(description="Priority: the more reports and the worse their reasons, the higher.")
    reports: dict[str, int] = Field(description="Number of open reports, by reason.")
    statements: list[ReportView] = Field(description="Some of the reports about the picture, of any time.")


class ReviewPage(View):
    """A page of pictures that wait for an administrator, the most urgent first."""

    reviews: list[ReviewView] = Field(description="The pictures of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


HiddenLinks = Callable[[KeptPicture, Sequence[str]], list[str]]


def report_view(report: Report) -> ReportView:
    return ReportView(reason=report.reason, words=report.words, reported_at=report.at)


def own_picture_page(
    kept: Sequence[KeptPicture], next_cursor: str | None, links: Links, hidden: HiddenLinks
) -> OwnPicturePage:
    return OwnPicturePage(pictures=[own_picture_view(each, links, hidden) for each in kept], next_cursor=next_cursor)


def own_picture_view(kept: KeptPicture, links: Links, hidden: HiddenLinks) -> OwnPictureView:
    if kept.state == "public":
        [url] = links([Download(f"{kept.picture.folder}/{THUMBNAIL_FILE}")])
    else:
        [url] = hidden(kept, (THUMBNAIL_FILE,))
    return OwnPictureView(**_decided(kept), thumbnail_url=url)


def kept_view(kept: KeptPicture, links: HiddenLinks) -> KeptPictureView:
    url, thumbnail_url = links(kept, (PICTURE_FILE, THUMBNAIL_FILE))
    return KeptPictureView(
        **_decided(kept),
        maker=kept.picture.maker,
        url=url,
        thumbnail_url=thumbnail_url,
        words=dict(kept.picture.words) if kept.picture.words else None,
    )


def review_page(reviews: Sequence[Review], next_cursor: str | None, links: HiddenLinks) -> ReviewPage:
    views = [
        ReviewView(
            picture=kept_view(review.kept, links),
            priority=review.priority,
            reports=dict(review.reports),
            statements=[report_view(each) for each in review.statements],
        )
        for review in reviews
    ]
    return ReviewPage(reviews=views, next_cursor=next_cursor)


def _decided(kept: KeptPicture) -> dict[str, Any]:
    return {
        **card_facts(kept.picture),
        "state": kept.state,
        "takedown": _takedown(kept.takedown),
        "appeal": _appeal(kept.appeal),
    }


def _takedown(takedown: Takedown | None) -> TakedownView | None:
    if takedown is None:
        return None
    return TakedownView(reason=takedown.reason, words=takedown.words, taken_down_at=takedown.at)


def _appeal(appeal: Appeal | None) -> AppealView | None:
    if appeal is None:
        return None
    return AppealView(words=appeal.words, appealed_at=appeal.at, dismissed_at=appeal.dismissed_at)
