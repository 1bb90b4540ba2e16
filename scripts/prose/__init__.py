"""The prose linter: reads the texts of a place and runs Harper on them, with our style and words."""
