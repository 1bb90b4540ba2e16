"""PUT /v1/admin/gallery/pictures/{picture_id}/takedown: take a picture down."""

from craftspark.parsing.json_values import parse_request
from lambdas.http.curation_views import TakedownRequest, kept_view
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.curation import Acting
from lambdas.wiring.gallery import curation, hidden_links


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    wanted = parse_request(TakedownRequest, request.body)
    picture_id = id_in_path(request, "picture_id")
    acting = Acting(request, "take picture down", picture_id, reason=wanted.reason, words=wanted.words)
    kept, done = curation().take_down(picture_id, wanted.reason, wanted.words, acting.entries)
    acting.log(done=done)
    return Response(body=kept_view(kept, hidden_links))
