"""Accounts and their ledger."""
