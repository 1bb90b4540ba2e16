"""The API as its callers see it: every route, refusal and permission, and the generated client."""
