"""PUT /v1/account/profile: change the caller's name in the gallery."""

from craftspark.clock import utc_now
from craftspark.gallery.names import check_name
from craftspark.gallery.pictures import author_of
from craftspark.gallery.profiles import OwnProfile
from craftspark.parsing.json_values import parse_request
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.http.profile_views import ProfileChange, profile_view
from lambdas.log import logger
from lambdas.wiring.accounts import active_makers_only
from lambdas.wiring.gallery import profiles
from lambdas.wiring.moderation import moderation


@logger.inject_lambda_context
@endpoint
@active_makers_only
def handler(request: Request) -> Response:
    name, author = parse_request(ProfileChange, request.body).name, author_of(request.maker)
    check_name(name)
    moderation().check(request.maker, {"name": name}, utc_now())
    profiles().rename(author, name)
    logger.info("profile changed")
    return Response(body=profile_view(OwnProfile(author=author, name=name, removal=None)))
