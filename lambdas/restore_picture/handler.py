"""DELETE /v1/admin/gallery/pictures/{picture_id}/takedown: show a picture again."""

from lambdas.http.curation_views import kept_view
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.log import logger
from lambdas.wiring.curation import Acting
from lambdas.wiring.gallery import curation, hidden_links


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    picture_id = id_in_path(request, "picture_id")
    acting = Acting(request, "restore picture", picture_id)
    kept, done = curation().restore(picture_id, acting.entries)
    acting.log(done=done)
    return Response(body=kept_view(kept, hidden_links))
