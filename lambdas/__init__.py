"""Lambda handlers, one folder each, and the HTTP conventions that those behind the API share."""
