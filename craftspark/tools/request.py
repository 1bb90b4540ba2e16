"""What every tool's request has in common, and how a body becomes a request."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from craftspark.catalogue import Model
from craftspark.errors import InvalidInput

Lane = Literal["interactive", "bulk"]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
LARGEST_SEED = 2**32 - 1


class JobRequest(BaseModel, ABC):
    """The fields that every tool takes. Types are strict and unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    count: int = Field(4, ge=1, le=8, description="How many images, each with a seed of its own.")
    seed: int | None = Field(
        None, ge=0, le=LARGEST_SEED, description="Seed of the first image; the next ones follow. Drawn when absent."
    )
    lane: Lane = Field("interactive", description="`interactive` for a person who waits, `bulk` for one who does not.")

    def for_model(self, model: Model) -> Self:
        """The request with the model's defaults filled in; raises InvalidInput where the model cannot do it."""
        return self

    @property
    def wanted_style(self) -> str | None:
        """The name of the style that the pictures are to have, of a tool that knows styles."""
        return None

    @abstractmethod
    def credits_per_image(self, model: Model) -> int:
        """The price of one image, in credits, of a request that `for_model` returned."""


Request = TypeVar("Request", bound=BaseModel)


def parse_request(kind: type[Request], body: bytes | str) -> Request:
    """Read a request from JSON; raises InvalidInput that lists every field at fault."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as failure:
        errors = [_field_error(error) for error in failure.errors(include_url=False, include_input=False)]
        raise InvalidInput(
            "; ".join(f"{error['field']}: {error['detail']}" for error in errors),
            field=errors[0]["field"],
            errors=errors,
        ) from None


def _field_error(error: Any) -> dict[str, str]:
    field = ".".join(str(part) for part in error["loc"]) or "body"
    return {"field": field, "detail": error["msg"]}
