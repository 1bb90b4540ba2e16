"""Calls beyond the rate of their quota are refused, as each service of AWS refuses them."""

import time
from collections.abc import Callable
from typing import Any

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.quotas.throttled_answers import throttled_by
from local_cloud.emulator.quotas.token_buckets import TokenBuckets
from local_cloud.emulator.quotas.use import find_call
from local_cloud.emulator.serving.asgi import Application
from local_cloud.emulator.serving.json_answers import send_json
from local_cloud.launcher.environment import REGION
from local_cloud.quotas import QUOTAS, Quota

# The quotas of tables hold for each table and key, and the patches of DynamoDB keep them.
OTHERS = ("dynamodb",)


class QuotaThrottles:
    """The rates that an account has in each region. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = TokenBuckets(clock)
        self._quota_of = {call: quota for quota in QUOTAS if quota.kind == "rate" for call in quota.calls}

    def admits(self, call: str, region: str = REGION) -> bool:
        """Whether a call may be made now. It counts against its quota if so.

        The fault `throttle` refuses a share of the requests of an API. Those of services have a patch.
        """
        service, _, _ = call.partition(":")
        if service in OTHERS:
            return True
        quota = self._quota_of.get(call)
        if quota is not None and not self._buckets.try_take((quota.name, region), quota.limit, _size(quota)):
            return False
        return service != "execute-api" or not FAULTS.strikes("throttle", call)

    def wait_s(self, call: str) -> float:
        """Count a call that waits for its turn instead of being refused. Returns the seconds that it waits."""
        quota = self._quota_of[call]
        return self._buckets.take((quota.name, REGION), 1, quota.limit, _size(quota))


THROTTLES = QuotaThrottles()


def _size(quota: Quota) -> int:
    return quota.burst or quota.limit


def with_quota_throttles(app: Application, throttles: QuotaThrottles = THROTTLES) -> Application:
    """The application, without the calls that are beyond their rates."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        call = find_call(scope)
        if call is None or throttles.admits(call, region_of(scope)):
            await app(scope, receive, send)
            return
        status, content_type, body = refusal(call)
        kind = "websocket.http" if scope["type"] == "websocket" else "http"
        await send_json(send, status, body, content_type=content_type, kind=kind)

    return serve


def refusal(call: str) -> tuple[int, bytes, dict[str, str]]:
    """The status, the content type and the body of the answer to a call that is refused."""
    service, _, _ = call.partition(":")
    throttled = throttled_by(service)
    if service == "execute-api":  # a request of a client, which gets no name of an error
        return throttled.status, b"application/json", {"message": throttled.message}
    return throttled.status, b"application/x-amz-json-1.1", {"__type": throttled.code, "message": throttled.message}


def region_of(scope: Any) -> str:
    """The region for which a request is signed, or that of the local cloud."""
    for name, value in scope["headers"]:
        if name.lower() == b"authorization":
            _, _, credential = value.decode("latin-1").partition("Credential=")
            parts = credential.split("/")
            return parts[2] if len(parts) > 2 else REGION
    return REGION
