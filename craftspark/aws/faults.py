"""Which faults of AWS pass by themselves."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from craftspark.errors import Contended

# Codes that come with a status below 500 and pass all the same: too many requests, or credentials being renewed.
TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionCanceledException",
        "TransactionInProgressException",
        "UnrecognizedClientException",
    }
)


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: AWS was busy, broken or out of reach, and did not refuse it."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500 or status == 429 or error.response["Error"]["Code"] in TRANSIENT_CODES
    return isinstance(error, BotoCoreError | OSError | Contended) and not isinstance(error, ParamValidationError)
