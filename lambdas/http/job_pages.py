"""Query parameters of the job lists for makers and administrators."""

import re
from collections.abc import Mapping

from craftspark.aws.jobs.job_list import JobFilter, JobList
from craftspark.errors import InvalidInput
from craftspark.jobs.job import JobOutline, JobState
from craftspark.parsing.values import cursor_of, parse_text, parse_timestamp
from craftspark.tools import find_tool
from lambdas.http.pages import limit_of, position_of

POSITION = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}\.[0-9]{3}Z#[a-z2-7]{26}")


def page_of(jobs: JobList, maker: str, query: Mapping[str, str]) -> tuple[list[JobOutline], str | None]:
    """A page of the maker's jobs and the cursor of the next page. Raises InvalidInput."""
    page, last = jobs.page(maker, limit_of(query), position_of(query, POSITION), filter_of(query))
    return page, cursor_of(last) if last else None


def filter_of(query: Mapping[str, str]) -> JobFilter:
    """The filter in the query. Raises InvalidInput with the invalid parameter."""
    tool, state = parse_text(query, "tool"), parse_text(query, "state")
    if tool is not None:
        find_tool(tool)
    if state is not None and state not in list(JobState):
        raise InvalidInput(f"state must be one of {', '.join(JobState)}", field="state")
    since, until = (parse_timestamp(query[name], name) if name in query else None for name in ("since", "until"))
    if since and until and since > until:
        raise InvalidInput("until must not be before since", field="until")
    return JobFilter(tool=tool, state=state, since=since, until=until)
