"""Recorded requests and recorded spot availability, read from files."""


class RecordingInvalid(Exception):
    """A file of recordings cannot be used. The message names the file, the place in it, and what is expected there."""
