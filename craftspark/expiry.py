"""What has expired is over for every reader, whether its row or object is deleted yet or not.

DynamoDB and S3 delete within days of the moment, not at it. So deletion is housekeeping, and this is the rule.
"""

from datetime import datetime


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Whether what lasts until `expires_at` is over."""
    return expires_at <= now
