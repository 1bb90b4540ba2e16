"""DELETE /v1/gallery/pictures/{picture_id}/like: take a like back."""

from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.gallery_views import like_view
from lambdas.log import logger
from lambdas.wiring.gallery import liking


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    return Response(body=like_view(liking().unlike(id_in_path(request, "picture_id"), request.maker)))
