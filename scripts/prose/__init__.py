"""The prose linter. It collects the texts of a file or folder and runs Harper on them, with our rules and words."""
