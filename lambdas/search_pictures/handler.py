"""GET /v1/gallery/search: search published pictures by words, by likeness or by both."""

from collections.abc import Mapping

from craftspark.errors import InvalidInput
from craftspark.gallery.search import MAX_FOUND, MAX_WORDS, Wanted
from craftspark.jobs.job import is_job_id
from craftspark.parsing.values import parse_text
from craftspark.tools import find_tool
from lambdas.http.endpoint import Response, Visit, public_endpoint
from lambdas.http.gallery_views import FoundPictures, picture_cards
from lambdas.http.pages import PICTURES, limit_of
from lambdas.log import logger
from lambdas.wiring.gallery import links
from lambdas.wiring.search import search


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    found = search().find(_wanted_in(visit.query))
    logger.info("pictures found", extra={"pictures": len(found.pictures), "fitting": found.fitting})
    return Response(body=FoundPictures(pictures=picture_cards(found.pictures, links().links), fitting=found.fitting))


def _wanted_in(query: Mapping[str, str]) -> Wanted:
    """What the query asks for. Raises InvalidInput or ToolUnknown."""
    words, tool, like = (parse_text(query, name) for name in ("words", "tool", "like"))
    if words is not None:
        words = " ".join(words.split())
        if len(words) > MAX_WORDS:
            raise InvalidInput(
                f"words has {len(words)} characters and can have at most {MAX_WORDS}; use fewer words", field="words"
            )
    if like is not None and not is_job_id(like):
        raise InvalidInput("like must be the ID of a picture: 26 lowercase letters and digits", field="like")
    return Wanted(
        words=words or None,
        like=like,
        tool=None if tool is None else find_tool(tool).name,
        limit=limit_of(query, default=PICTURES, maximum=MAX_FOUND),
    )
