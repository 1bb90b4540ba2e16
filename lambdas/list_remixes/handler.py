"""GET /v1/gallery/pictures/{picture_id}/remixes: list the remixes of a picture."""

import re

from craftspark.errors import InvalidInput
from craftspark.parsing.values import cursor_of
from lambdas.http.endpoint import Response, Visit, id_in_path, public_endpoint
from lambdas.http.gallery_views import picture_page
from lambdas.http.pages import PICTURES, limit_of, position_of
from lambdas.log import logger
from lambdas.wiring.gallery import links, table

POSITION = re.compile(r"[a-z2-7]{26}\|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z#[a-z2-7]{26}")


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    limit, picture_id = limit_of(visit.query, default=PICTURES), id_in_path(visit, "picture_id")
    of, _, position = (position_of(visit.query, POSITION) or f"{picture_id}|").partition("|")
    if of != picture_id:
        raise InvalidInput("cursor is of another picture; remove it to start from the first page", field="cursor")
    pictures, last = table().remixes(picture_id, limit, position or None)
    return Response(body=picture_page(pictures, cursor_of(f"{picture_id}|{last}") if last else None, links().links))
