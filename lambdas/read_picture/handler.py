"""GET /v1/gallery/pictures/{picture_id}: read a published picture."""

from lambdas.http.endpoint import Response, Visit, id_in_path, public_endpoint
from lambdas.http.gallery_views import picture_view
from lambdas.log import logger
from lambdas.wiring.gallery import links, table


@logger.inject_lambda_context
@public_endpoint
def handler(visit: Visit) -> Response:
    return Response(body=picture_view(table().show(id_in_path(visit, "picture_id")), links().links))
