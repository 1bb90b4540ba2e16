"""POST /v1/tools/{tool}/quotes: quote a job."""

from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.views import quote_view
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.submissions import submissions


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    return Response(body=quote_view(submissions().quote(request.maker, request.path["tool"], request.body)))
