"""Accounts and idempotency bindings for handlers."""

from collections.abc import Callable
from functools import cache, wraps

from craftspark.accounts.accounts import Accounts
from craftspark.accounts.plans import find_plan
from craftspark.aws import clients
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.aws.idempotency import BindingTable
from craftspark.settings.accounts import AccountSettings
from lambdas.http.endpoint import Request, Response


def active_makers_only(handle: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A decorator that raises AccountSuspended for a suspended maker, before the handler does any work."""

    @wraps(handle)
    def checked(request: Request) -> Response:
        accounts().check_active(request.maker)
        return handle(request)

    return checked


@cache
def bindings() -> BindingTable:
    return BindingTable(client=clients.dynamodb(), table=AccountSettings.from_environment().accounts_table)


@cache
def account_table() -> AccountTable:
    return AccountTable(client=clients.dynamodb(), table=AccountSettings.from_environment().accounts_table)


@cache
def accounts() -> Accounts:
    return Accounts(records=account_table(), plan=find_plan(AccountSettings.from_environment().default_plan))
