"""Types of the values of a stage, with their bounds."""

from typing import Annotated

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Seconds = Annotated[int, Field(ge=1, le=12 * 3600)]
Days = Annotated[int, Field(ge=1, le=3650)]
# A spot notice comes 120 s before the instance ends, and takes up to 10 s to become SIGTERM. So an instance is drained
# 100 s after its notice.
StopSeconds = Annotated[int, Field(ge=2, le=90)]
