"""GET /v1/account/profile: read the caller's profile."""

from craftspark.gallery.pictures import author_of
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.profile_views import profile_view
from lambdas.log import logger
from lambdas.wiring.gallery import profiles


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    author = author_of(request.maker)
    return Response(body=profile_view(author, profiles().name_of(author)))
