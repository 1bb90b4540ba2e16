"""Stage configuration and constructs, one capability a file."""
