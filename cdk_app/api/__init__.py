"""The HTTP API: gateway, sign-in and access log."""
