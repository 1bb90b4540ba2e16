"""Functions share the concurrency of the account that no other function has reserved.

Gap: any function can reserve any concurrency, and what is reserved is taken from nobody. On AWS, at least 100 of the
account's 1,000 stay unreserved, and functions without a reservation have what is left. The fault `throttle` of
`lambda:InvokeFunction`, for the function with that name, is a burst of others that takes it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import lambda_svc

from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch, Target
from local_cloud.quotas import QUOTAS

LAMBDA_CONCURRENCY = next(quota.limit for quota in QUOTAS if "lambda:Invoke" in quota.calls)
MIN_UNRESERVED = 100
TOO_MUCH = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its"
    f" minimum value of [{MIN_UNRESERVED}]."
)


def extend_put(put: Callable[..., Any]) -> Callable[..., Any]:
    def check_and_put(name: str, request: Mapping[str, Any]) -> Any:
        wanted = int(request.get("ReservedConcurrentExecutions", 0))
        if name in lambda_svc._functions and wanted + reserved(but=name) > LAMBDA_CONCURRENCY - MIN_UNRESERVED:
            return error_response_json("InvalidParameterValueException", TOO_MUCH, 400)
        return put(name, request)

    return check_and_put


def extend_acquire(acquire: Callable[..., Any]) -> Callable[..., Any]:
    def strike_or_acquire(function: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
        name = config.get("FunctionName", "")
        if FAULTS.strikes("throttle", "lambda:InvokeFunction", name):
            return None, "account"
        if lambda_svc._reserved_concurrency(function, config) is None and unreserved_in_flight() >= unreserved():
            return None, "account"
        return acquire(function, config)

    return strike_or_acquire


def reserved(*, but: str = "") -> int:
    """The sum of what functions of the account have reserved."""
    return sum(int(record.get("concurrency") or 0) for name, record in lambda_svc._functions.items() if name != but)


def unreserved() -> int:
    return LAMBDA_CONCURRENCY - reserved()


def unreserved_in_flight() -> int:
    """How many invocations of functions without a reservation run."""
    prefix = f"{get_account_id()}:{get_region()}:"
    _, running = lambda_svc.executions_in_flight()
    counts = {key.removeprefix(prefix): count for key, count in running.items() if key.startswith(prefix)}
    return sum(
        count for name, count in counts.items() if (lambda_svc._functions.get(name) or {}).get("concurrency") is None
    )


PATCH = Patch(
    name="Lambda reserved concurrency",
    gap="what a function reserves is taken from nobody",
    targets=(
        Extension(lambda_svc, "_put_function_concurrency", "172358f9cb8292ef54b852d5269a110c", extend_put),
        Extension(lambda_svc, "_acquire_execution_slot", "ed3b38149e2e14aaf63ef63060c189a9", extend_acquire),
        Target(lambda_svc, "executions_in_flight", "7602b2469fd856ca623847913f4a4517"),
        Target(lambda_svc, "_inflight_key", "5e3a5f67df0d2c4bb917ea1798a378a1"),
    ),
)
