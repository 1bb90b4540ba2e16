"""The API: requests, errors, reference and webhooks."""
