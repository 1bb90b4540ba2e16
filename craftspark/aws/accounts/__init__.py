"""Accounts, their ledger and audit in DynamoDB, and their users in Cognito."""
