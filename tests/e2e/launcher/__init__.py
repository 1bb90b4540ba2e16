"""The local cloud as a program: its start, its ends and its commands."""
