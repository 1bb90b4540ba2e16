"""What every administrative handler does around its one act: check the scope, and write down who asks for what."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from craftspark.aws import clients
from craftspark.aws.audit import AuditBook
from craftspark.errors import Forbidden
from craftspark.settings import AdminSettings
from craftspark.submissions import utc_now
from lambdas.endpoint import Request, Response
from lambdas.log import logger


@cache
def settings() -> AdminSettings:
    return AdminSettings.from_environment()


@cache
def audit_book() -> AuditBook:
    return AuditBook(client=clients.dynamodb(), table=settings().accounts_table)


def administrators_only(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Raise Forbidden for a token without the scope; API Gateway asks for it as well."""

    @wraps(answer)
    def checked(request: Request) -> Response:
        if settings().admin_scope not in request.scopes:
            raise Forbidden(f"the token has no scope {settings().admin_scope}")
        return answer(request)

    return checked


def write_down(request: Request, maker: str, action: str, **details: Any) -> None:
    """Keep who asks for what, before it is done."""
    audit_book().add(
        maker, actor=request.maker, action=action, details=details, at=utc_now(), request=request.request_id
    )
    logger.info("administration", extra={"actor": request.maker, "subject": maker, "action": action, **details})
