"""GET /v1/account/pictures: list the caller's published pictures, also those that are not public."""

import re

from craftspark.parsing.values import cursor_of
from lambdas.http.curation_views import own_picture_page
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.pages import PICTURES, limit_of, position_of
from lambdas.log import logger
from lambdas.wiring.gallery import hidden_links, kept_table, links

POSITION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z#[a-z2-7]{26}")


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query, default=PICTURES)
    kept, last = kept_table().of_maker(request.maker, limit, position_of(request.query, POSITION))
    return Response(body=own_picture_page(kept, cursor_of(last) if last else None, links().links, hidden_links))
