"""Call a handler as API Gateway does."""

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import uuid4


@dataclass
class Context:
    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = "request"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


def call(
    function: str,
    *,
    maker: str | None = "maker-1",
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    claims = {"sub": maker} if maker else {}
    event = {
        "version": "2.0",
        "headers": headers or {},
        "pathParameters": path,
        "queryStringParameters": query,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {"requestId": uuid4().hex, "authorizer": {"jwt": {"claims": claims}}},
    }
    module = import_module(f"lambdas.{function}.handler")
    for factory in ("submissions", "jobs", "links", "settlement", "accounts", "model"):
        getattr(getattr(module, factory, None), "cache_clear", lambda: None)()
    answer = module.handler(event, Context())
    return Answer(answer["statusCode"], answer["headers"], json.loads(answer["body"]))


def submit(prompt: str = "a red apple", *, key: str | None = None, maker: str = "maker-1", **request: Any) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    body = {"prompt": prompt, **request}
    return call("submit_job", maker=maker, path={"tool": "picture"}, body=body, headers=headers)
