"""GET /v1/gallery/pictures: list published pictures."""

from collections.abc import Mapping

from craftspark.errors import InvalidInput
from craftspark.gallery.feeds import POSITION, Feed
from craftspark.gallery.pictures import parse_tag
from craftspark.jobs.job import is_job_id
from craftspark.parsing.values import cursor_of, parse_cursor, parse_text
from craftspark.tools import find_tool
from lambdas.http.endpoint import Response, Visit, limit_of, public_endpoint
from lambdas.http.gallery_views import picture_page
from lambdas.log import logger
from lambdas.wiring.gallery import links, table

PAGE = 24


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    limit = limit_of(visit.query, default=PAGE)
    feed = _feed_of(visit.query)
    pictures, last = table().page(feed, limit, _position_of(visit.query, feed))
    return Response(body=picture_page(pictures, cursor_of(f"{feed.name}|{last}") if last else None, links().links))


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


def _position_of(query: Mapping[str, str], feed: Feed) -> str | None:
    """The position of the cursor. Raises InvalidInput for one of another list."""
    cursor = query.get("cursor")
    if not cursor:
        return None
    name, _, position = parse_cursor(cursor, POSITION).rpartition("|")
    if name != feed.name:
        raise InvalidInput("cursor is of another list; remove it to start from the first page", field="cursor")
    return position
