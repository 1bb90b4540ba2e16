"""How S3 Vectors refuses a request."""

from collections.abc import Mapping
from types import MappingProxyType

STATUS: Mapping[str, int] = MappingProxyType(
    {
        "ValidationException": 400,
        "ServiceQuotaExceededException": 402,
        "AccessDeniedException": 403,
        "NotFoundException": 404,
        "ConflictException": 409,
        "TooManyRequestsException": 429,
    }
)


class VectorsRefused(Exception):
    """A refusal of S3 Vectors. `code` is the name of the error, and `path` the field of an invalid request."""

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, path

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code]


def invalid(path: str, message: str) -> VectorsRefused:
    """The refusal of a field."""
    return VectorsRefused("ValidationException", message, path)
