"""The quotas of an account: how much the calls use, and those beyond a rate."""
