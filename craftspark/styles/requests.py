"""What people ask of trainings and styles, with `aws lambda invoke`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from craftspark.parsing.forms import form
from craftspark.parsing.texts import PROSE, WORDS
from craftspark.tools.request import MAX_SEED

STYLE_NAME = form(
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "words of small letters and digits with hyphens between them, such as bold-flat"
)
VERSION_NAME = form(r"^[a-z0-9][a-z0-9-]{0,31}$", "at most 32 small letters, digits and hyphens, such as 2026-11")
DATASET = form(
    r"^s3://[a-z0-9.-]{3,63}/[A-Za-z0-9_./-]+$", "the address of a dataset, such as s3://bucket/datasets/sunny/v1"
)

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), PROSE, WORDS]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TrainingRequest(_Strict):
    """Train a version of a style on a dataset in the training bucket. `who` is the person who requests it."""

    style: str = Field(pattern=STYLE_NAME, max_length=40)
    version: str = Field(pattern=VERSION_NAME)
    dataset: str = Field(pattern=DATASET, max_length=500)
    who: Words
    steps: int | None = Field(None, ge=1, le=20_000)
    seed: int = Field(0, ge=0, le=MAX_SEED)


class RollbackRequest(_Strict):
    """Make an earlier version of a style the stable one: `version`, or the previous one."""

    style: str = Field(pattern=STYLE_NAME, max_length=40)
    version: str | None = Field(None, pattern=VERSION_NAME)
    who: Words
    why: Words


class DecisionRequest(_Strict):
    """A person's decision on a training, and its reason."""

    training_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    decision: Literal["approve", "reject"]
    who: Words
    why: Words
