"""What the API answers about accounts, and takes to change them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from craftspark.credits import Account, Entry, EntryKind, Holding
from craftspark.parsing import LINE, WORDS
from craftspark.plans import find_plan
from lambdas.shapes import Body, View


class PlanView(View):
    """What a plan allows."""

    name: str
    title: str
    monthly_credits: int
    max_active_jobs: int
    submissions_per_minute: int
    largest_count: int
    lanes: list[str]
    webhooks: int


class AccountView(View):
    """Credits: `granted` = `available` + `reserved` + `spent` + `expired`."""

    plan: PlanView
    granted: int
    available: int
    reserved: int
    spent: int
    expired: int
    expiring: int = Field(
        description="Of those available and reserved, what expires at the end of the month, if it is not used by then."
    )
    active_jobs: int
    max_active_jobs: int
    suspended: str | None = Field(None, description="Why the account takes no jobs, where it does not.")


class EntryView(View):
    """One line of the ledger: credits went from one holding to another."""

    name: str
    kind: EntryKind
    credits: int
    source: Holding
    target: Holding
    at: datetime
    job_id: str | None = None
    note: str | None = None


class LedgerPage(View):
    """Entries, newest first. `next_cursor` is there when there are more: give it back as `cursor`."""

    entries: list[EntryView]
    next_cursor: str | None = None


class MakerView(View):
    """A user who can be a maker."""

    maker: str = Field(description="The subject of their tokens, by which the other routes know them.")
    email: str | None = None
    status: str = Field(description="The user's status in the user pool.", examples=["CONFIRMED"])
    enabled: bool = Field(description="Whether the user may sign in.")


class MakerList(View):
    """The makers that were found; none where nobody is known by that e-mail address or subject."""

    makers: list[MakerView]


class CreditChange(Body):
    """Credits for an account, and why."""

    credits: int = Field(ge=-1_000_000, le=1_000_000, description="To be given; less than none, to be taken.")
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINE, WORDS] = Field(
        description="Why; the maker reads it in the ledger.", examples=["order 1234"]
    )


class PlanChange(Body):
    """Another plan for an account."""

    plan: Annotated[str, StringConstraints(max_length=100), LINE] = Field(
        description="The plan's name.", examples=["plus"]
    )


class SuspensionChange(Body):
    """Whether an account takes jobs."""

    reason: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINE, WORDS] | None
    ) = Field(description="Why it takes none, which the maker is told; null to take jobs again.")


def account_view(account: Account) -> AccountView:
    plan = find_plan(account.plan)
    return AccountView(
        plan=PlanView(**{**asdict(plan), "lanes": list(plan.lanes)}),
        granted=account.granted,
        available=account.available,
        reserved=account.reserved,
        spent=account.spent,
        expired=account.expired,
        expiring=account.expiring,
        active_jobs=account.active_jobs,
        max_active_jobs=plan.max_active_jobs,
        suspended=account.suspended,
    )


def entry_view(entry: Entry) -> EntryView:
    return EntryView(**asdict(entry))
