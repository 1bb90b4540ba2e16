"""GET /v1/admin/audit: list what administrators did, newest first."""

import re
from collections.abc import Mapping

from craftspark.aws.accounts.audit import ACT_KINDS, PREFIXES, ActKind
from craftspark.errors import InvalidInput
from craftspark.parsing.values import cursor_of, parse_maker
from lambdas.http.administration import audit_table
from lambdas.http.audit_views import audit_page
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.pages import limit_of, position_of
from lambdas.log import logger

MOMENT = r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{3}Z"


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    query, kind = request.query, kind_in(request.query)
    maker = parse_maker(query["maker"]) if "maker" in query else None
    # A cursor fits only the list that it comes from.
    whose = re.escape(maker) if maker else "[!-~]{1,255}"
    shape = re.compile(rf"{PREFIXES[kind]}{MOMENT}#[!-~]{{1,100}} {whose}")
    acts, last = audit_table().list_acts(kind, limit_of(query), position_of(query, shape), maker=maker)
    return Response(body=audit_page(acts, cursor_of(last) if last else None))


def kind_in(query: Mapping[str, str]) -> ActKind:
    """The kind of acts in the query. Raises InvalidInput."""
    wanted = query.get("kind", ACT_KINDS[0])
    for kind in ACT_KINDS:
        if kind == wanted:
            return kind
    raise InvalidInput(f"kind must be one of {', '.join(ACT_KINDS)}", field="kind")
