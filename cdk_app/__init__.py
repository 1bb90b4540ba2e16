"""Stage configuration and constructs, one capability per file."""
