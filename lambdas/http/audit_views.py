"""Response bodies of the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from craftspark.aws.accounts.audit import Act
from lambdas.http.schemas import NEXT_CURSOR, View


class AuditEntryView(View):
    """What an administrator did."""

    at: datetime = Field(description="Time of the act.")
    actor: str = Field(description="Who did it: the `sub` claim of the administrator's access token.")
    actor_email: str | None = Field(
        None, description="Email address of the administrator at that time. Absent for programs."
    )
    action: str = Field(description="Name of the act.", examples=["take picture down"])
    maker: str = Field(description="Maker whose account it was done to: the `sub` claim of their access tokens.")
    picture_id: str | None = Field(None, description="ID of the picture that it was done to.")
    job_id: str | None = Field(None, description="ID of the job that was read.")
    reason: str | None = Field(None, description="Reason that the administrator chose or gave.")
    note: str | None = Field(None, description="What the administrator wrote to explain it.")
    name: str | None = Field(None, description="Name that was removed.")
    plan: str | None = Field(None, description="Name of the new plan.")
    credits: int | None = Field(None, description="Number of credits that were added. Negative if they were deducted.")


class AuditPage(View):
    """A page of the audit log, newest first."""

    entries: list[AuditEntryView] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(None, description=NEXT_CURSOR)


def audit_page(acts: Sequence[Act], next_cursor: str | None) -> AuditPage:
    return AuditPage(entries=[_entry_view(act) for act in acts], next_cursor=next_cursor)


def _entry_view(act: Act) -> AuditEntryView:
    known: dict[str, Any] = {name: act.details.get(name) for name in ("picture_id", "job_id", "reason", "plan", "name")}
    return AuditEntryView(
        at=act.at,
        actor=act.actor,
        actor_email=act.actor_email,
        action=act.action,
        maker=act.maker,
        note=act.details.get("note") or act.details.get("words"),
        credits=act.details.get("credits"),
        **known,
    )
