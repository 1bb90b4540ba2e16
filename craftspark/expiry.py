"""Expiry: an expired item does not exist for any reader, even if it is not deleted yet.

DynamoDB and S3 delete within days after the expiry, not at that time. So every reader applies this rule, and deletion
only saves storage.
"""

from datetime import datetime


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Whether something that lasts until `expires_at` has expired."""
    return expires_at <= now
