"""Accounts: plans and credits."""
