"""POST /v1/uploads: where to send a picture."""

from http import HTTPStatus

from craftspark.parsing import parse_request
from craftspark.uploads import LARGEST_BYTES
from lambdas.accounts import active_makers_only
from lambdas.endpoint import Request, Response, endpoint, idempotency_key_of
from lambdas.log import logger
from lambdas.uploads import uploads
from lambdas.views import UploadForm, UploadRequest


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    asked = parse_request(UploadRequest, request.body)
    key = idempotency_key_of(request)
    upload_id, form = uploads().create(request.maker, asked.content_type, idempotency_key=key)
    logger.info("upload opened", extra={"upload_id": upload_id})
    return Response(
        status=HTTPStatus.CREATED,
        body=UploadForm(upload_id=upload_id, url=form.url, fields=form.fields, largest_bytes=LARGEST_BYTES),
    )
