"""The API's OpenAPI 3.1 description, from the routes, the tools and the shapes that the handlers use.

`python -m lambdas.http.openapi` prints it; docs/openapi.json is what it printed.
"""

import json
import sys
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from craftspark import errors
from craftspark.jobs.job import JobState
from craftspark.parsing import LONGEST_EMAIL, LONGEST_KEY, LONGEST_MAKER
from craftspark.routes import ADMIN, MAKER, ROUTES, Route
from craftspark.tools import TOOLS, Tool
from lambdas.http.account_views import AccountView, CreditChange, LedgerPage, MakerList, PlanChange, SuspensionChange
from lambdas.http.job_summaries import JobSummary
from lambdas.http.openapi_responses import REF, Operation, ref, responses
from lambdas.http.problems import GatewayProblem, Problem
from lambdas.http.views import (
    AccountJobPage,
    InspectedJob,
    JobChanges,
    JobPage,
    JobView,
    LiveView,
    QuoteView,
    ToolList,
    UploadForm,
    UploadPage,
    UploadRequest,
    UploadView,
)
from lambdas.http.webhook_views import DeliveryList, WebhookList, WebhookRequest, WebhookView

JOB_ID = {
    "name": "job_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z2-7]{26}$"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a retry safe. The key is bound to you, the route and the body as it was sent, for 35 days: "
    "the same request again has no second effect and answers what the first made; another one with the key is refused. "
    "Without a key each request is one of its own.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
}
WEBHOOK_ID = {**JOB_ID, "name": "webhook_id"}
UPLOAD_ID = {**JOB_ID, "name": "upload_id"}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}
CURSOR = {
    "name": "cursor",
    "in": "query",
    "description": "The `next_cursor` of the page before.",
    "schema": {"type": "string"},
}


TOOL = {"name": "tool", "in": "query", "schema": {"type": "string", "enum": list(TOOLS)}}
STATE = {"name": "state", "in": "query", "schema": {"type": "string", "enum": list(JobState)}}
SINCE, UNTIL = (
    {
        "name": name,
        "in": "query",
        "description": f"Created {word} this moment.",
        "schema": {"type": "string", "format": "date-time"},
    }
    for name, word in (("since", "at or after"), ("until", "at or before"))
)
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the last answer.",
    "schema": {"type": "string"},
}


ACCESS_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the stage's issuer; an ID token is refused with 401. With the stage's own user "
    "pool, whoever signs in gets the scope `aws.cognito.signin.user.admin`, a partner's server `craftspark/jobs`: "
    "either will do for makers' routes. Routes under `/v1/admin` need `craftspark/admin`.",
}
# One of a list's entries is enough.
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    MAKER: [{"accessToken": ["aws.cognito.signin.user.admin"]}, {"accessToken": ["craftspark/jobs"]}],
    ADMIN: [{"accessToken": ["craftspark/admin"]}],
}

TAGS = {
    "tools": "Ask for images, or for what they would cost.",
    "jobs": "What was asked for, and what came of it.",
    "uploads": "Pictures of your own, for the tools that take one.",
    "live": "Be told of your jobs as they go on.",
    "account": "Your plan and credits.",
    "webhooks": "Be told of your jobs at a server of yours.",
    "admin": "For operators: tokens with the scope for administration.",
}


MAKER_IN_PATH = {
    "name": "maker",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_MAKER, "pattern": "^[!-~]+$"},
}
MAKER_EMAIL = {
    "name": "email",
    "in": "query",
    "description": "The e-mail address that they sign in with. Give this or `maker`.",
    "schema": {"type": "string", "format": "email", "maxLength": LONGEST_EMAIL},
}
MAKER_SUBJECT = {
    **MAKER_IN_PATH,
    "in": "query",
    "required": False,
    "description": "The subject of their tokens. Give this or `email`.",
}
ADMINISTRATION = {
    "find_makers": Operation(
        summary="Find a maker by e-mail address or subject",
        answer=MakerList,
        parameters=(MAKER_EMAIL, MAKER_SUBJECT),
        refusals=(errors.InvalidInput,),
    ),
    "list_account_jobs": Operation(
        summary="A maker's jobs, newest first, without links to their images",
        answer=AccountJobPage,
        parameters=(MAKER_IN_PATH, LIMIT, CURSOR, TOOL, STATE, SINCE, UNTIL),
        refusals=(errors.InvalidInput, errors.ToolUnknown, errors.AccountMissing, errors.AccountContended),
    ),
    "inspect_account": Operation(
        summary="A maker's account",
        answer=AccountView,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.AccountMissing, errors.AccountContended),
    ),
    "grant_credits": Operation(
        summary="Give credits that do not expire",
        answer=AccountView,
        body=CreditChange,
        parameters=(MAKER_IN_PATH, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.AccountMissing,
            errors.AccountContended,
        ),
    ),
    "adjust_credits": Operation(
        summary="Put a balance right",
        answer=AccountView,
        body=CreditChange,
        parameters=(MAKER_IN_PATH, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.AccountMissing,
            errors.CreditsInsufficient,
            errors.AccountContended,
        ),
    ),
    "change_plan": Operation(
        summary="Another plan, from now on",
        answer=AccountView,
        body=PlanChange,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.AccountMissing, errors.AccountContended),
    ),
    "suspend_account": Operation(
        summary="Take no more jobs of a maker, or take them again",
        answer=AccountView,
        body=SuspensionChange,
        parameters=(MAKER_IN_PATH,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.AccountMissing, errors.AccountContended),
    ),
    "inspect_job": Operation(
        summary="Any maker's job, without links to its images",
        answer=InspectedJob,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound,),
    ),
}
OPERATIONS = {
    **ADMINISTRATION,
    "read_account": Operation(
        summary="Your plan, credits and jobs in progress", answer=AccountView, refusals=(errors.AccountContended,)
    ),
    "list_ledger": Operation(
        summary="Every change of your credits, newest first",
        answer=LedgerPage,
        parameters=(LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "list_tools": Operation(summary="The tools, what each takes and costs", answer=ToolList),
    "submit_job": Operation(
        summary="Ask for images",
        answer=JobSummary,
        status=HTTPStatus.ACCEPTED,
        parameters=(IDEMPOTENCY_KEY,),
        headers={
            "Location": "Where the job is, relative to this request.",
            "Retry-After": "Seconds until you should read the job, by its estimated time: 1 to 30.",
        },
        of_words=(errors.PromptRefused, errors.ModerationUnavailable),
        refusals=(
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.CreditsInsufficient,
            errors.TooManyActiveJobs,
            errors.TooManyRequests,
            errors.RenderTooLong,
            errors.BacklogTooLong,
            errors.WaitTooLong,
            errors.PlanExceeded,
            errors.AccountSuspended,
            errors.IdempotencyKeyReused,
            errors.AccountContended,
        ),
    ),
    "quote_job": Operation(
        summary="What a job would cost and take",
        answer=QuoteView,
        # Of a quote, words that are refused are all that is counted.
        of_words=(
            errors.PromptRefused,
            errors.TooManyRequests,
            errors.ModerationUnavailable,
            errors.AccountContended,
        ),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.RenderTooLong, errors.BacklogTooLong),
    ),
    "list_uploads": Operation(
        summary="Your uploads, newest first",
        answer=UploadPage,
        parameters=(LIMIT, CURSOR),
        refusals=(errors.InvalidInput,),
    ),
    "create_upload": Operation(
        summary="Where to send a picture that a tool is to begin from",
        answer=UploadForm,
        body=UploadRequest,
        status=HTTPStatus.CREATED,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.TooManyOpenUploads,
            errors.AccountContended,
            errors.BodyTooLarge,
        ),
    ),
    "check_upload": Operation(
        summary="Check a picture that was sent, and make it ready for the tools",
        answer=UploadView,
        parameters=(UPLOAD_ID,),
        refusals=(
            errors.InvalidInput,
            errors.UploadNotFound,
            errors.TooManyRequests,
            errors.AccountContended,
            errors.ModerationUnavailable,
        ),
    ),
    "delete_upload": Operation(
        summary="Delete an upload and its picture, for good",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(UPLOAD_ID,),
        refusals=(errors.UploadNotFound,),
    ),
    "open_live": Operation(
        summary="Where to open a WebSocket that tells of your jobs as they go on",
        answer=LiveView,
        status=HTTPStatus.CREATED,
    ),
    "list_webhooks": Operation(summary="The endpoints that are told how your jobs end", answer=WebhookList),
    "create_webhook": Operation(
        summary="Be told how your jobs end, at an https address",
        answer=WebhookView,
        body=WebhookRequest,
        status=HTTPStatus.CREATED,
        parameters=(IDEMPOTENCY_KEY,),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.PlanExceeded,
            errors.AccountContended,
        ),
    ),
    "delete_webhook": Operation(
        summary="Tell an endpoint no more",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(WEBHOOK_ID,),
        refusals=(errors.WebhookNotFound, errors.AccountContended),
    ),
    "rotate_webhook_secret": Operation(
        summary="A new secret; the old one signs beside it for a day",
        answer=WebhookView,
        parameters=(WEBHOOK_ID, IDEMPOTENCY_KEY),
        refusals=(
            errors.IdempotencyKeyReused,
            errors.InvalidInput,
            errors.BodyTooLarge,
            errors.WebhookNotFound,
            errors.AccountContended,
        ),
    ),
    "list_deliveries": Operation(
        summary="What was sent to an endpoint, and what it answered",
        answer=DeliveryList,
        parameters=(WEBHOOK_ID, LIMIT),
        refusals=(errors.InvalidInput, errors.WebhookNotFound),
    ),
    "list_jobs": Operation(
        summary="Your jobs, newest first",
        answer=JobPage,
        parameters=(LIMIT, CURSOR, TOOL, STATE, SINCE, UNTIL),
        refusals=(errors.InvalidInput, errors.ToolUnknown),
    ),
    "read_job": Operation(
        summary="A job, with links to its images",
        answer=JobView,
        parameters=(JOB_ID, IF_NONE_MATCH),
        not_modified=True,
        headers={
            "ETag": "Give it back as If-None-Match: 304 while there is nothing new.",
            "Retry-After": "Seconds until you should read the job again, by the time that it has left: 1 to 30. "
            "Absent once the job has ended.",
        },
        refusals=(errors.JobNotFound,),
    ),
    "change_job": Operation(
        summary="Give a job a title",
        answer=JobSummary,
        body=JobChanges,
        parameters=(JOB_ID,),
        refusals=(errors.InvalidInput, errors.BodyTooLarge, errors.JobNotFound),
    ),
    "delete_images": Operation(
        summary="Delete what is stored of a job's images, for good",
        answer=JobSummary,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobUnfinished),
    ),
    "delete_job": Operation(
        summary="Delete a job that has ended, with its words and files, for good",
        answer=None,
        status=HTTPStatus.NO_CONTENT,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobUnfinished),
    ),
    "cancel_job": Operation(
        summary="Cancel a job: images that are stored stay and are charged, the others are refunded",
        answer=JobSummary,
        parameters=(JOB_ID,),
        refusals=(errors.JobNotFound, errors.JobAlreadyFinal, errors.AccountContended),
    ),
}


def describe() -> dict[str, Any]:
    """The OpenAPI document."""
    answers: set[type[BaseModel]] = {
        Problem,
        GatewayProblem,
        *(operation.answer for operation in OPERATIONS.values() if operation.answer),
    }
    _, definitions = models_json_schema(
        [
            *((tool.request, "validation") for tool in TOOLS.values()),
            *((operation.body, "validation") for operation in OPERATIONS.values() if operation.body),
            *((model, "serialization") for model in sorted(answers, key=lambda model: model.__name__)),
        ],
        ref_template=REF,
    )
    paths: dict[str, Any] = {}
    for route in ROUTES:
        if "{tool}" in route.path:
            for tool in TOOLS.values():
                paths.setdefault(route.path.replace("{tool}", tool.name), {})[route.method.lower()] = of_route(
                    route, tool
                )
        else:
            paths.setdefault(route.path, {})[route.method.lower()] = of_route(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Craftspark",
            "version": "1",
            "summary": "Image generation for crafters",
            "description": "Every request carries an access token. Errors are RFC 9457 problems with a stable `type`. "
            "What the gateway itself answers is `application/json` with a `message`: beside what is described of each "
            "operation, 404 for a path or method that is not described here, 431 for headers of more than 10 KB, and "
            "500 for a fault of the service.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "security": SECURITY[MAKER],
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"accessToken": ACCESS_TOKEN},
        },
    }


def of_route(route: Route, tool: Tool | None = None) -> dict[str, Any]:
    """One operation; of one tool, where the route is every tool's."""
    operation = OPERATIONS[route.function]
    described: dict[str, Any] = {
        "operationId": f"{route.function}_{tool.name}" if tool else route.function,
        "summary": f"{tool.title}: {operation.summary[0].lower()}{operation.summary[1:]}"
        if tool
        else operation.summary,
        **({"description": tool.summary} if tool else {}),
        "tags": [tag_of(route)],
        "responses": responses(operation, route, tool),
    }
    if route.scope != MAKER:
        described["security"] = SECURITY[route.scope]
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if tool:
        content = {"schema": ref(tool.request), "example": dict(tool.example)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.body:
        content = {"schema": ref(operation.body)}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def tag_of(route: Route) -> str:
    """What a route is about: the part of its path behind the version."""
    return route.path.split("/")[2]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe(), indent=2) + "\n")
