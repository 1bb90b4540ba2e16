"""Accounts, their ledger and those who administer them."""
