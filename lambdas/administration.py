"""What administrative handlers share: their settings, and the audit of who did what."""

from functools import cache
from typing import Any

from craftspark.aws import clients
from craftspark.aws.audit import AuditBook
from craftspark.settings import AdminSettings
from craftspark.submissions import utc_now
from lambdas.endpoint import Request
from lambdas.log import logger


@cache
def settings() -> AdminSettings:
    return AdminSettings.from_environment()


@cache
def audit_book() -> AuditBook:
    return AuditBook(client=clients.dynamodb(), table=settings().accounts_table)


def write_down(request: Request, maker: str, action: str, **details: Any) -> None:
    """Keep who asks for what, before it is done."""
    audit_book().add(
        maker, actor=request.maker, action=action, details=details, at=utc_now(), request=request.request_id
    )
    logger.info("administration", extra={"actor": request.maker, "subject": maker, "action": action, **details})
