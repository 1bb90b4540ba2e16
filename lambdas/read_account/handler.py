"""GET /v1/account: the maker's credits and jobs in progress."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.accounts import Accounts
from craftspark.credits import Plan
from craftspark.settings import AccountSettings
from lambdas.endpoint import Request, Response, endpoint
from lambdas.log import logger
from lambdas.views import AccountView


@cache
def accounts() -> Accounts:
    settings = AccountSettings.from_environment()
    return Accounts(
        client=clients.dynamodb(),
        table=settings.accounts_table,
        plan=Plan(welcome_credits=settings.welcome_credits, max_active_jobs=settings.max_active_jobs),
    )


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    account = accounts().read(request.maker)
    return Response(
        body=AccountView(
            granted=account.granted,
            available=account.available,
            reserved=account.reserved,
            spent=account.spent,
            active_jobs=account.active_jobs,
            max_active_jobs=accounts().plan.max_active_jobs,
        )
    )
