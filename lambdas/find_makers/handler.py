"""GET /v1/admin/makers: find a maker."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.accounts.user_pool import PoolUser, UserPool
from craftspark.errors import InvalidInput
from craftspark.parsing.values import parse_email, parse_maker
from craftspark.settings.accounts import DirectorySettings
from lambdas.http.account_views import MakerList, MakerView
from lambdas.http.administration import record_access
from lambdas.http.endpoint import Request, Response, endpoint
from lambdas.log import logger


@cache
def user_pool() -> UserPool | None:
    pool_id = DirectorySettings.from_environment().user_pool_id
    return UserPool(client=clients.cognito(), pool_id=pool_id) if pool_id else None


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    found = find(request)
    for user in found:
        record_access(request, user.maker, "find maker")
    return Response(
        body=MakerList(
            makers=[
                MakerView(maker=user.maker, email=user.email, status=user.status, enabled=user.enabled)
                for user in found
            ]
        )
    )


def find(request: Request) -> list[PoolUser]:
    """The users with the email or the id in the query. Raises InvalidInput unless the query has exactly one of them."""
    email, maker = (request.query.get(name) for name in ("email", "maker"))
    if (email is None) == (maker is None):
        raise InvalidInput("set either email or maker", field="email")
    wanted = parse_email(email) if email is not None else parse_maker(maker or "")
    pool = user_pool()
    if pool is None:
        raise InvalidInput(
            "this stage has no user pool; look the maker up at its token issuer",
            field="email" if email is not None else "maker",
        )
    return pool.find("email" if email is not None else "sub", wanted)
