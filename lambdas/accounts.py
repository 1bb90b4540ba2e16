"""Accounts as the handlers around them need them."""

from functools import cache

from craftspark.aws import clients
from craftspark.aws.accounts import Accounts
from craftspark.plans import find_plan
from craftspark.settings import AccountSettings


@cache
def accounts() -> Accounts:
    settings = AccountSettings.from_environment()
    return Accounts(client=clients.dynamodb(), table=settings.accounts_table, plan=find_plan(settings.default_plan))
