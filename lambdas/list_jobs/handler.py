"""GET /v1/jobs: the maker's jobs, newest first."""

import re
from collections.abc import Mapping
from functools import cache

from craftspark.aws import clients
from craftspark.aws.job_list import JobFilter, JobList
from craftspark.errors import InvalidInput
from craftspark.jobs import JobState
from craftspark.parsing import cursor_of, parse_text, parse_timestamp
from craftspark.settings import ReadSettings
from craftspark.tools import find_tool
from lambdas.endpoint import Request, Response, endpoint, limit_of, position_of
from lambdas.image_links import links
from lambdas.log import logger
from lambdas.views import JobPage, listed_jobs

POSITION = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{3}Z#[a-z2-7]{26}")


@cache
def jobs() -> JobList:
    return JobList(client=clients.dynamodb(), jobs_table=ReadSettings.from_environment().jobs_table)


@logger.inject_lambda_context
@endpoint
def handler(request: Request) -> Response:
    limit = limit_of(request.query)
    page, last = jobs().page(request.maker, limit, position_of(request.query, POSITION), filter_of(request.query))
    return Response(body=JobPage(jobs=listed_jobs(page, links().links), next_cursor=cursor_of(last) if last else None))


def filter_of(query: Mapping[str, str]) -> JobFilter:
    """Which jobs are wanted; raises InvalidInput that names the parameter at fault."""
    tool, state = parse_text(query, "tool"), parse_text(query, "state")
    if tool is not None:
        find_tool(tool)
    if state is not None and state not in list(JobState):
        raise InvalidInput(f"state is one of {', '.join(JobState)}", field="state")
    since, until = (parse_timestamp(query[name], name) if name in query else None for name in ("since", "until"))
    if since and until and since > until:
        raise InvalidInput("until is not before since", field="until")
    return JobFilter(tool=tool, state=state, since=since, until=until)
