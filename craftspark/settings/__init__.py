"""Settings of each runtime: a construct writes them to the environment, the runtime reads them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from craftspark.errors import SettingMissing

PREFIX = "CRAFTSPARK_"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A runtime's settings. Every field is a string or an integer and travels as `CRAFTSPARK_<FIELD>`."""

    def to_environment(self) -> dict[str, str]:
        """The environment variables that `from_environment` reads back."""
        return {variable_of(field.name): str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; raises SettingMissing with the variable's name where one is absent or not a number."""
        values: dict[str, str | int] = {}
        for field in fields(cls):
            variable = variable_of(field.name)
            try:
                text = environment[variable]
                values[field.name] = int(text) if field.type is int else text
            except (KeyError, ValueError):
                raise SettingMissing(
                    f"{cls.__name__} needs the environment variable {variable}", field=variable
                ) from None
        return cls(**values)


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()
