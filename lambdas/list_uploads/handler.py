"""GET /v1/uploads: list the maker's uploads."""

import re

from craftspark.parsing.values import cursor_of
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.pages import limit_of, position_of
from lambdas.http.upload_views import UploadPage, upload_summaries
from lambdas.log import logger
from lambdas.wiring.uploads import links, table

POSITION = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{3}Z#[a-z2-7]{26}")


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query)
    uploads, last = table().page(request.maker, limit, position_of(request.query, POSITION))
    return Response(
        body=UploadPage(
            uploads=upload_summaries(request.maker, uploads, links().links),
            next_cursor=cursor_of(last) if last else None,
        )
    )
