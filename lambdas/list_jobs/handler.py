"""GET /v1/jobs: the maker's jobs, newest first."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from craftspark.aws import clients
from craftspark.aws.job_list import JobFilter, JobList
from craftspark.errors import InvalidInput
from craftspark.jobs import JobState
from craftspark.settings import ReadSettings
from craftspark.tools import find_tool
from lambdas.endpoint import Request, Response, cursor_of, endpoint, position_of, whole_number
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
    page, last = jobs().page(request.maker, limit, position_of(request.query, POSITION), filter_of(request.query))
    return Response(
        body=JobPage(jobs=[job_summary(job) for job in page], next_cursor=cursor_of(last) if last else None)
    )


def filter_of(query: Mapping[str, str]) -> JobFilter:
    """Which jobs are wanted; raises InvalidInput that names the parameter at fault."""
    tool, state = query.get("tool"), query.get("state")
    if tool is not None:
        find_tool(tool)
    if state is not None and state not in list(JobState):
        raise InvalidInput(f"state is one of {', '.join(JobState)}", field="state")
    since, until = moment_of(query, "since"), moment_of(query, "until")
    if since and until and since > until:
        raise InvalidInput("until is not before since", field="until")
    return JobFilter(tool=tool, state=state, since=since, until=until)


def moment_of(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name].replace(" ", "+"))  # an unescaped + arrives as a blank
    except ValueError:
        raise InvalidInput(f"{name} is a moment such as 2030-01-31T12:00:00Z", field=name) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
