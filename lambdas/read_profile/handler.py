"""GET /v1/account/profile: read the caller's profile."""

from craftspark.gallery.pictures import author_of
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.profile_views import profile_view
from lambdas.log import logger
from lambdas.wiring.gallery import profiles


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(body=profile_view(profiles().own(author_of(request.maker))))
