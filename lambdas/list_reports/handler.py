"""GET /v1/admin/gallery/reports: list the pictures that wait for an administrator, the most urgent first."""

import re

from craftspark.parsing.values import cursor_of
from lambdas.http.curation_views import review_page
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.pages import limit_of, position_of
from lambdas.log import logger
from lambdas.wiring.gallery import hidden_links, reports_table

POSITION = re.compile(r"[0-9]{1,9}#[a-z2-7]{26}")


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query)
    reviews, last = reports_table().list_open(limit, position_of(request.query, POSITION))
    return Response(body=review_page(reviews, cursor_of(last) if last else None, hidden_links))
