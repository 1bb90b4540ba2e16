"""GET /v1/account/ledger: every change of the maker's credits, newest first."""

import re

from lambdas.account_views import LedgerPage, entry_view
from lambdas.accounts import accounts
from lambdas.endpoint import Request, Response, cursor_of, endpoint, position_of, whole_number
from lambdas.log import logger

POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z entry#[a-z]+#[\w#.:-]{1,300}")


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = whole_number(request.query, "limit", default=20, most=100)
    entries, last = accounts().entries(request.maker, limit, position_of(request.query, POSITION))
    return Response(
        body=LedgerPage(entries=[entry_view(entry) for entry in entries], next_cursor=cursor_of(last) if last else None)
    )
