"""POST /v1/uploads: create an upload."""

from http import HTTPStatus

from craftspark.errors import UploadNotFound
from craftspark.jobs.idempotency import key_reused, run_once
from craftspark.parsing.json_values import parse_request
from craftspark.uploads import MAX_UPLOAD_BYTES, Upload
from lambdas.http.endpoint import Request, Response, effect_of_request, endpoint
from lambdas.http.upload_views import UploadForm, UploadRequest
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only, bindings
from lambdas.wiring.uploads import table, uploads


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    upload_request = parse_request(UploadRequest, request.body)
    maker, effect = request.maker, effect_of_request(request)
    upload, created = run_once(
        effect,
        bindings(),
        lambda writes: uploads().open(maker, effect.effect_id, writes),
        lambda: find_created(maker, effect.effect_id),
    )
    form = uploads().form(maker, upload.upload_id, upload_request.content_type)
    if created:
        logger.info("upload created", extra={"upload_id": upload.upload_id})
    return Response(
        status=HTTPStatus.CREATED,
        body=UploadForm(upload_id=upload.upload_id, url=form.url, fields=form.fields, largest_bytes=MAX_UPLOAD_BYTES),
    )


def find_created(maker: str, upload_id: str) -> Upload:
    try:
        return table().find(maker, upload_id)
    except UploadNotFound:
        raise key_reused("this Idempotency-Key was used for an upload that was deleted or has expired") from None
