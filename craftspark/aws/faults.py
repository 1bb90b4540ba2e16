"""What AWS errors mean: whether the same call can succeed later, and whether an object does not exist."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from craftspark.errors import Contended

# What calls of AWS raise.
AWS_ERRORS = (BotoCoreError, ClientError)

# Transient errors with a status below 500: throttling, or credentials that are being renewed.
TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "ExecutionLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "KmsThrottlingException",
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
        "TransactionConflictException",
        "TransactionInProgressException",
        "UnrecognizedClientException",
    }
)


# The code of GetObject, and that of HeadObject and of downloads in ranges, whose responses have no body.
ABSENT_CODES = frozenset({"404", "NoSuchKey"})


def is_absent(error: ClientError) -> bool:
    """Whether the bucket has no object with the key."""
    return error.response["Error"]["Code"] in ABSENT_CODES


def is_transient(error: Exception) -> bool:
    """Whether the same call can succeed later: AWS was busy, failing or unreachable, and did not reject the call."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500 or status == 429 or error.response["Error"]["Code"] in TRANSIENT_CODES
    return isinstance(error, BotoCoreError | OSError | Contended) and not isinstance(error, ParamValidationError)
