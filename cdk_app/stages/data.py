"""Values of tables, buckets and images."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from cdk_app.stages.quantities import STRICT, Days, Positive


@dataclass(frozen=True, kw_only=True, config=STRICT)
class WarmUnits:
    """The request units per second that a table serves from the start. DynamoDB accepts no less than its defaults."""

    reads_per_s: Annotated[int, Field(ge=12_000)]
    writes_per_s: Annotated[int, Field(ge=4_000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Data:
    """With `keep`, tables, buckets and images outlive their stack and are protected against deletion.

    Overwritten and deleted models and training pictures can be restored for `versions_kept_days`. `warm` is what the
    tables of jobs and accounts, and their indexes, serve from the start. Without it, a new table serves 12,000 read
    units and 4,000 write units per second, and twice as many after up to 30 minutes.
    """

    keep: bool
    uploads_kept_days: Days
    gpu_images_kept: Positive
    versions_kept_days: Days
    warm: WarmUnits | None = None
