"""GET /v1/gallery/makers/{author}: read a maker as everybody sees them."""

from lambdas.http.endpoint import Response, Visit, id_in_path, public_endpoint
from lambdas.http.profile_views import author_view
from lambdas.log import logger
from lambdas.wiring.gallery import profiles


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    return Response(body=author_view(profiles().find(id_in_path(visit, "author"))))
