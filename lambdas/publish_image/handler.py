"""POST /v1/jobs/{job_id}/images/{index}/publication: publish an image."""

from http import HTTPStatus

from craftspark.jobs.settlement import own
from craftspark.parsing.json_values import parse_request
from craftspark.parsing.values import parse_whole_number
from craftspark.tools.request import MAX_COUNT
from lambdas.http.endpoint import Request, Response, endpoint, id_in_path
from lambdas.http.gallery_views import PublicationRequest, picture_view
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.gallery import gallery, links, table
from lambdas.wiring.jobs import job_list
from lambdas.wiring.moderation import moderation


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    publication = parse_request(PublicationRequest, request.body).publication()
    index = parse_whole_number(request.path["index"], "index", minimum=0, maximum=MAX_COUNT - 1)
    record = job_list().read(id_in_path(request, "job_id"))
    own(record.job, request.maker)
    picture = gallery().publish(record, index, publication, moderation())
    logger.info("image published", extra={"job_id": picture.job_id, "picture_id": picture.picture_id})
    return Response(status=HTTPStatus.CREATED, body=picture_view(table().show(picture.picture_id), links().links))
