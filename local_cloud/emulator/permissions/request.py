"""The request that is checked."""

import contextvars
import json
from collections.abc import Mapping
from typing import Any

BODY: contextvars.ContextVar[bytes] = contextvars.ContextVar("body", default=b"")


def request_body() -> Mapping[str, Any]:
    """The JSON object in the body of the request. It is empty outside a request, and for another body."""
    try:
        body = json.loads(BODY.get() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
