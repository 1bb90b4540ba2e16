"""DELETE /v1/uploads/{upload_id}: delete an upload."""

from http import HTTPStatus

from craftspark.uploads import delete_upload
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.uploads import store, table


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    upload_id = id_in_path(request, "upload_id")
    delete_upload(store(), table(), request.maker, upload_id)
    logger.info("upload deleted", extra={"upload_id": upload_id})
    return Response(status=HTTPStatus.NO_CONTENT, body=None)
