"""POST /v1/tools/{tool}/quotes: what a job would cost and take; nothing is reserved."""

from lambdas.accounts import active_makers_only
from lambdas.endpoint import Request, Response, endpoint
from lambdas.log import logger
from lambdas.submissions import submissions
from lambdas.views import quote_view


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    return Response(body=quote_view(submissions().quote(request.maker, request.path["tool"], request.body)))
