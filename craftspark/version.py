"""The one place of the project's version: pyproject.toml, GPU image tags, recipes and releases read it from here."""

VERSION = "0.1.0"
