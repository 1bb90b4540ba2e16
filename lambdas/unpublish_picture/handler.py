"""DELETE /v1/gallery/pictures/{picture_id}: take a picture back."""

from http import HTTPStatus

from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.gallery import gallery


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    picture_id = id_in_path(request, "picture_id")
    gallery().unpublish(request.maker, picture_id)
    logger.info("picture unpublished", extra={"picture_id": picture_id})
    return Response(status=HTTPStatus.NO_CONTENT, body=None)
