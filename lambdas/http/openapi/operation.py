"""What one operation takes and returns."""

from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import BaseModel

from craftspark.errors import ApiProblem
from lambdas.http.openapi.parameters import Parameter


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What one route takes and returns, and its texts.

    `summary` and `description` may contain `{title}`, the title of the tool; `success` describes the response with
    `status`. `of_words` are refusals of tools whose requests have words. An operation that is `fixed` reads no tables.
    """

    summary: str
    description: str
    success: str
    answer: type[BaseModel] | None
    body: type[BaseModel] | None = None
    refusals: tuple[type[ApiProblem], ...] = ()
    of_words: tuple[type[ApiProblem], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    not_modified: bool = False
    fixed: bool = False
    headers: dict[str, str] = field(default_factory=dict)
