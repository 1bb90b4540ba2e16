"""POST /v1/uploads/{upload_id}/check: check an upload."""

from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.upload_views import upload_view
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.pictures import clean_and_moderate
from lambdas.wiring.uploads import links, uploads


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    upload, facts = uploads().check(request.maker, id_in_path(request, "upload_id"), clean_and_moderate)
    logger.info("upload checked", extra={"upload_id": upload.upload_id})
    return Response(body=upload_view(request.maker, upload, facts, links().links))
