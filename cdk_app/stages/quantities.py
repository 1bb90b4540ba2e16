"""Types of the values of a stage, with their bounds."""

from typing import Annotated

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Seconds = Annotated[int, Field(ge=1, le=12 * 3600)]
Days = Annotated[int, Field(ge=1, le=3650)]
# ECS allows up to 120 s between SIGTERM and SIGKILL. A spot interruption notice comes 120 s before the interruption.
StopSeconds = Annotated[int, Field(ge=2, le=120)]
