"""Changes of a maker's credits by administrators: each happens once, together with its entry in the audit log."""

from collections.abc import Callable, Sequence

from craftspark.accounts.credits import Account
from craftspark.jobs.idempotency import Write, run_once
from lambdas.http.account_views import CreditChange, account_view
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request, Response, effect_of_request, maker_in_path
from lambdas.wiring.accounts import accounts, bindings

# Of a maker, so many credits, the ID of the effect, a note and further writes.
Post = Callable[[str, int, str, str, Sequence[Write]], Account]


def change_credits(request: Request, action: str, change: CreditChange, post: Post) -> Response:
    """Post a change of the credits of the maker in the path. The response is the account."""
    maker, effect = maker_in_path(request), effect_of_request(request)
    act = act_of(request, maker, action, credits=change.credits, note=change.note, effect=effect.effect_id)

    def do(writes: Sequence[Write]) -> Account:
        return post(maker, change.credits, effect.effect_id, change.note, [audit_entry(act), *writes])

    account, done = run_once(effect, bindings(), do, lambda: accounts().read_existing(maker))
    if done:
        log_act(act)
    return Response(body=account_view(account))
