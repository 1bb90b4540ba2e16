"""What all JSON bodies of the API have in common."""

from pydantic import BaseModel, ConfigDict

NEXT_CURSOR = "Value for the query parameter `cursor` of the next page. Absent on the last page."


class View(BaseModel):
    """A response body. Its schema is built on first use, because a cold start needs few of them."""

    model_config = ConfigDict(defer_build=True)


class Body(BaseModel):
    """A request body. Types are strict and unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
