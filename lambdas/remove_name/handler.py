"""POST /v1/admin/accounts/{maker}/name-removals: take the name that a maker has in the gallery."""

from collections.abc import Sequence
from dataclasses import replace

from craftspark.gallery.pictures import author_of
from craftspark.jobs.idempotency import Write
from craftspark.parsing.json_values import parse_request
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request, Response, endpoint, maker_in_path
from lambdas.http.profile_views import NameRemovalRequest, profile_view
from lambdas.log import logger
from lambdas.wiring.gallery import profiles


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    maker, wanted = maker_in_path(request), parse_request(NameRemovalRequest, request.body)
    act = act_of(request, maker, "remove name", reason=wanted.reason)

    def entries(name: str) -> Sequence[Write]:
        return [audit_entry(replace(act, details={**act.details, "name": name}))]

    profile, done = profiles().remove_name(author_of(maker), wanted.reason, act.at, entries)
    if done:
        log_act(act)
    return Response(body=profile_view(profile))
