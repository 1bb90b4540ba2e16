"""What administrators do about pictures, in the audit of the maker's account."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from craftspark.aws.accounts.audit import Act
from craftspark.gallery.review import KeptPicture
from craftspark.jobs.idempotency import Write
from lambdas.http.administration import act_of, audit_entry, log_act
from lambdas.http.endpoint import Request


class Acting:
    """An act on a picture, whose maker is known only when the picture is read."""

    def __init__(self, request: Request, action: str, picture_id: str, **details: Any) -> None:
        self._act: Act = act_of(request, "", action, picture_id=picture_id, **details)

    def entries(self, kept: KeptPicture) -> Sequence[Write]:
        """The audit entry, for the transaction of the act."""
        self._act = replace(self._act, maker=kept.picture.maker)
        return [audit_entry(self._act)]

    def log(self, *, done: bool) -> None:
        """Log a completed act. An act that changed nothing is none."""
        if done:
            log_act(self._act)
