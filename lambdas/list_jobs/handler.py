"""GET /v1/jobs: the maker's jobs, newest first."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache

from craftspark.aws import clients
from craftspark.aws.job_book import JobList
from craftspark.errors import InvalidInput
from craftspark.settings import ReadSettings
from lambdas.endpoint import Request, Response, endpoint, whole_number
from lambdas.log import logger
from lambdas.views import JobPage, job_summary

POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[a-z2-7]{26}")


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = whole_number(request.query, "limit", default=20, most=100)
    cursor = request.query.get("cursor")
    page, last = jobs().page(request.maker, limit, position_of(cursor) if cursor else None)
    return Response(
        body=JobPage(jobs=[job_summary(job) for job in page], next_cursor=cursor_of(last) if last else None)
    )


def cursor_of(position: str) -> str:
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str) -> str:
    """Where a cursor points in the maker's own list; it cannot point into another's. Raises InvalidInput."""
    try:
        position = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        position = ""
    if not POSITION.fullmatch(position):
        raise InvalidInput("cursor is not one that a list of jobs answered; leave it out to start anew", field="cursor")
    return position
