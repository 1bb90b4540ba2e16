"""POST /v1/uploads: where to send a picture."""

from http import HTTPStatus

from craftspark.idempotency import once
from craftspark.parsing import parse_request
from craftspark.uploads import LARGEST_BYTES
from lambdas.accounts import active_makers_only, bindings
from lambdas.endpoint import Request, Response, effect_of_request, endpoint
from lambdas.log import logger
from lambdas.uploads import uploads
from lambdas.views import UploadForm, UploadRequest


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    asked = parse_request(UploadRequest, request.body)
    effect = effect_of_request(request)
    upload_id = effect.effect_id
    once(effect, bindings(), lambda _: bindings().bind(effect), lambda: None)
    form = uploads().form(request.maker, upload_id, asked.content_type)
    logger.info("upload opened", extra={"upload_id": upload_id})
    return Response(
        status=HTTPStatus.CREATED,
        body=UploadForm(upload_id=upload_id, url=form.url, fields=form.fields, largest_bytes=LARGEST_BYTES),
    )
