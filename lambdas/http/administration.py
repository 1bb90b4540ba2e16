"""What handlers for administrators share: the audit log."""

from dataclasses import replace
from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.accounts.audit import Act, AuditTable
from craftspark.clock import utc_now
from craftspark.settings.accounts import AccountSettings
from lambdas.http.endpoint import Request
from lambdas.log import logger


@cache
def audit_table() -> AuditTable:
    return AuditTable(client=clients.dynamodb(), table=AccountSettings.from_environment().accounts_table)


def act_of(request: Request, maker: str, action: str, **details: Any) -> Act:
    """An audit record of the caller's action on a maker's account."""
    return Act(
        maker=maker,
        actor=request.maker,
        actor_email=request.email,
        action=action,
        details=details,
        at=utc_now(),
        request=request.request_id,
    )


def audit_entry(act: Act) -> dict[str, Any]:
    """The write that records an act, for the transaction of the act: a refused act leaves no record."""
    return audit_table().entry(act)


def log_act(act: Act) -> None:
    """Log a completed act."""
    facts = {"actor": act.actor, "subject": act.maker, "action": act.action, **act.details}
    logger.info("administration", extra=facts)


def record_access(request: Request, maker: str, action: str, **details: Any) -> None:
    """Record a read access to a maker's data. Call it before the response is sent."""
    act = replace(act_of(request, maker, action, **details), kind="access")
    audit_table().add(act)
    log_act(act)
