"""POST /v1/gallery/pictures/{picture_id}/appeal: appeal against a takedown."""

from craftspark.parsing.json_values import parse_request
from lambdas.http.curation_views import AppealRequest, own_picture_view
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.gallery import curation, hidden_links, links


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    wanted = parse_request(AppealRequest, request.body)
    picture_id = id_in_path(request, "picture_id")
    kept = curation().appeal(picture_id, request.maker, wanted.words)
    logger.info("takedown appealed", extra={"picture_id": picture_id})
    return Response(body=own_picture_view(kept, links().links, hidden_links))
