"""PUT /v1/gallery/pictures/{picture_id}/report: report a picture to the administrators."""

from craftspark.parsing.json_values import parse_request
from lambdas.http.curation_views import ReportRequest, report_view
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.gallery import curation


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    wanted = parse_request(ReportRequest, request.body)
    picture_id = id_in_path(request, "picture_id")
    report = curation().report(picture_id, request.maker, wanted.reason, wanted.words)
    logger.info("picture reported", extra={"picture_id": picture_id, "reason": report.reason})
    return Response(body=report_view(report))
