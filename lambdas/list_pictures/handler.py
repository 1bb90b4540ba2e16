"""GET /v1/gallery/pictures: list published pictures."""

import re
from collections.abc import Mapping

from craftspark.errors import InvalidInput
from craftspark.gallery import feeds, popular
from craftspark.gallery.feeds import Feed
from craftspark.gallery.pictures import parse_tag
from craftspark.gallery.popular import Ranking
from craftspark.jobs.job import is_job_id
from craftspark.parsing.values import cursor_of, parse_text
from craftspark.tools import find_tool
from lambdas.http.endpoint import Response, Visit, public_endpoint
from lambdas.http.gallery_views import SORTS, picture_page
from lambdas.http.pages import PICTURES, limit_of, position_of
from lambdas.log import logger
from lambdas.wiring.gallery import links, popular_table, table

POSITION = re.compile(f"{feeds.POSITION.pattern}|{popular.POSITION.pattern}")


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    limit = limit_of(visit.query, default=PICTURES)
    feed = _feed_of(visit.query)
    if _is_by_likes(visit.query):
        ranking = _ranking_of(feed)
        pictures, last = popular_table().page(ranking, limit, _position_of(visit.query, ranking.name))
        name = ranking.name
    else:
        pictures, last = table().page(feed, limit, _position_of(visit.query, feed.name))
        name = feed.name
    return Response(body=picture_page(pictures, cursor_of(f"{name}|{last}") if last else None, links().links))


def _is_by_likes(query: Mapping[str, str]) -> bool:
    """Whether the popular pictures come first. Raises InvalidInput for an unknown order."""
    sort = parse_text(query, "sort") or "newest"
    if sort not in SORTS:
        raise InvalidInput(f"sort is one of {', '.join(SORTS)}", field="sort")
    return sort == "popular"


def _feed_of(query: Mapping[str, str]) -> Feed:
    """The feed that the query names. Raises InvalidInput or ToolUnknown."""
    named = {kind: text for kind in ("tool", "tag", "author") if (text := parse_text(query, kind)) is not None}
    if len(named) > 1:
        *_, second = named
        raise InvalidInput(f"a list is of one of {', '.join(named)}; remove the others", field=second)
    if "tool" in named:
        return Feed("tool", find_tool(named["tool"]).name)
    if "author" in named:
        if not is_job_id(named["author"]):
            raise InvalidInput("author must have 26 lowercase letters and digits, as in a picture", field="author")
        return Feed("author", named["author"])
    if "tag" in named:
        try:
            return Feed("tag", parse_tag(named["tag"]))
        except ValueError as error:
            raise InvalidInput(str(error), field="tag") from None
    return Feed("newest")


def _ranking_of(feed: Feed) -> Ranking:
    """The ranking of a feed. Raises InvalidInput for a tag or an author."""
    if feed.kind not in ("newest", "tool"):
        raise InvalidInput(f"popular pictures are listed for all tools or one, not for a {feed.kind}", field="sort")
    return Ranking(feed.of)


def _position_of(query: Mapping[str, str], name: str) -> str | None:
    """The position of the cursor in the list. Raises InvalidInput for one of another list."""
    of, _, position = (position_of(query, POSITION) or f"{name}|").rpartition("|")
    if of != name:
        raise InvalidInput("cursor is of another list; remove it to start from the first page", field="cursor")
    return position or None
