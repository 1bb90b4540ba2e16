"""What all shapes of the API's JSON have in common."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """What is answered. Built when it is first used: a function that starts cold uses few of them."""

    model_config = ConfigDict(defer_build=True)


class Body(BaseModel):
    """What is taken. Types are strict and unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
