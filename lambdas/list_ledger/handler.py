"""GET /v1/account/ledger: list the maker's ledger."""

import re

from craftspark.parsing.values import cursor_of
from lambdas.http.account_views import LedgerPage, entry_view
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.pages import limit_of, position_of
from lambdas.log import logger
from lambdas.wiring.accounts import account_table

POSITION = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{3}Z entry#[a-z]+#[ -~]{1,300}")


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query)
    entries, last = account_table().entries(request.maker, limit, position_of(request.query, POSITION))
    return Response(
        body=LedgerPage(entries=[entry_view(entry) for entry in entries], next_cursor=cursor_of(last) if last else None)
    )
