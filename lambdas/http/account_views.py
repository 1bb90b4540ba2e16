"""Request and response bodies of accounts."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from craftspark.accounts.credits import Account, Entry, EntryKind, Holding
from craftspark.accounts.plans import Plan, find_plan
from craftspark.gallery.profiles import OwnProfile
from craftspark.parsing.texts import LINE, WORDS
from lambdas.http.profile_views import ProfileView, profile_view
from lambdas.http.schemas import NEXT_CURSOR, Body, View


class PlanView(View):
    """A plan and its limits."""

    name: str = Field(description="Name of the plan.")
    title: str = Field(description="Display name.")
    monthly_credits: int = Field(description="Credits granted each month.")
    max_active_jobs: int = Field(description="Maximum number of unfinished jobs.")
    submissions_per_minute: int = Field(description="Maximum number of new jobs per minute.")
    largest_count: int = Field(description="Maximum number of images per job.")
    admitted_wait_s: int = Field(
        description="Longest estimated wait with which an `interactive` job is accepted while GPU capacity is short, "
        "in seconds."
    )
    lanes: list[str] = Field(description="Processing lanes that jobs can use.")
    webhooks: int = Field(description="Maximum number of webhooks.")
    refunds_missed_subject: bool = Field(
        description="Whether an image is delivered without a charge if neither of two drawings shows its subject."
    )


class PlanList(View):
    """The plans of the service."""

    plans: list[PlanView] = Field(description="The plans, the smallest first.")


class AccountView(View):
    """An account. Credits: `granted` = `available` + `reserved` + `spent` + `expired`."""

    plan: PlanView = Field(description="Plan of the account.")
    granted: int = Field(description="Credits ever granted.")
    available: int = Field(description="Credits that can be spent.")
    reserved: int = Field(description="Credits reserved for unfinished jobs.")
    spent: int = Field(description="Credits charged for delivered images.")
    expired: int = Field(description="Monthly credits that expired.")
    expiring: int = Field(
        description="Available and reserved credits that expire at the end of the month if they are not spent."
    )
    active_jobs: int = Field(description="Number of unfinished jobs.")
    max_active_jobs: int = Field(description="Maximum number of unfinished jobs.")
    suspended: str | None = Field(None, description="Reason for the suspension. Only for a suspended account.")


class InspectedAccount(AccountView):
    """An account as administrators see it."""

    profile: ProfileView = Field(description="What everybody sees of the maker in the gallery.")


class EntryView(View):
    """A ledger entry: a transfer of credits from one holding to another."""

    name: str = Field(description="Unique name of the entry.")
    kind: EntryKind = Field(description="Kind of transfer.")
    credits: int = Field(description="Number of credits. Negative for an adjustment that adds credits.")
    source: Holding = Field(description="Holding that the credits leave.")
    target: Holding = Field(description="Holding that the credits enter.")
    at: datetime = Field(description="Time of the transfer.")
    job_id: str | None = Field(None, description="ID of the job that the transfer belongs to.")
    note: str | None = Field(None, description="Explanation by an operator, or why delivered images were refunded.")


class LedgerPage(View):
    """A page of ledger entries, newest first."""

    entries: list[EntryView] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


class MakerView(View):
    """A user of the user pool."""

    maker: str = Field(
        description="ID of the maker, for the paths of other operations: the `sub` claim of their access tokens."
    )
    email: str | None = Field(None, description="Email address.")
    status: str = Field(description="Status in the user pool.", examples=["CONFIRMED"])
    enabled: bool = Field(description="Whether the user can sign in.")


class MakerList(View):
    """The makers that match the query."""

    makers: list[MakerView] = Field(description="The makers. Empty if no user matches.")


class CreditChange(Body):
    """A change of an account's credits."""

    credits: int = Field(
        ge=-1_000_000, le=1_000_000, description="Number of credits to add. A negative number deducts credits."
    )
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINE, WORDS] = Field(
        description="Reason for the change. The maker sees it in the ledger.", examples=["order 1234"]
    )


class PlanChange(Body):
    """A change of an account's plan."""

    plan: Annotated[str, StringConstraints(max_length=100), LINE] = Field(
        description="Name of the new plan.", examples=["plus"]
    )


class SuspensionChange(Body):
    """A suspension of an account, or its end."""

    reason: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINE, WORDS] | None
    ) = Field(description="Reason for the suspension. The maker sees it. `null` ends the suspension.")


def plan_view(plan: Plan) -> PlanView:
    return PlanView.model_validate(plan, from_attributes=True)


def account_view(account: Account) -> AccountView:
    return AccountView(**_account_facts(account))


def inspected_account(account: Account, profile: OwnProfile) -> InspectedAccount:
    return InspectedAccount(**_account_facts(account), profile=profile_view(profile))


def _account_facts(account: Account) -> dict[str, Any]:
    plan = find_plan(account.plan)
    names = ("granted", "available", "reserved", "spent", "expired", "expiring", "active_jobs", "suspended")
    return {
        **{name: getattr(account, name) for name in names},
        "plan": plan_view(plan),
        "max_active_jobs": plan.max_active_jobs,
    }


def entry_view(entry: Entry) -> EntryView:
    return EntryView(**asdict(entry))
