"""Accounts: plans, credits and the rules that change them."""
