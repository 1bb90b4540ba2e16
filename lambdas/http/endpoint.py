"""What every Lambda of the API does around its use case: read the request, write the response, handle named errors."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from http import HTTPStatus
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from craftspark.aws.faults import AWS_ERRORS, is_transient
from craftspark.errors import (
    AccessTokenRequired,
    ApiProblem,
    BodyTooLarge,
    Contended,
    Forbidden,
    InvalidInput,
    JobNotFound,
    MakerNotFound,
    PictureNotFound,
    ServiceBusy,
    UploadNotFound,
    WebhookNotFound,
)
from craftspark.jobs.idempotency import Effect, effect_of
from craftspark.jobs.job import is_job_id
from craftspark.metrics import event
from craftspark.parsing.json_values import canonical, utf8
from craftspark.parsing.values import parse_base64, parse_email, parse_idempotency_key, parse_maker
from craftspark.settings.accounts import TokenSettings
from lambdas.http.problems import CONTENT_TYPE, PROBLEMS, problem_of
from lambdas.log import logger

# A prompt of 1,000 characters takes at most 4 KB, escaped 12 KB: two of them and the rest fit.
BODY_LIMIT = 32 * 1024
NOT_FOUND = {
    "author": MakerNotFound,
    "job_id": JobNotFound,
    "picture_id": PictureNotFound,
    "upload_id": UploadNotFound,
    "webhook_id": WebhookNotFound,
}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """An HTTP request of anybody. Header names are lowercase.

    The body is decoded when a handler reads it. Operations without a body ignore it.
    """

    request_id: str
    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    gateway_event: Mapping[str, Any]

    @cached_property
    def body(self) -> bytes:
        """Raises InvalidInput or BodyTooLarge."""
        return _body_of(self.gateway_event)


@dataclass(frozen=True, kw_only=True)
class Request(Visit):
    """An HTTP request of a maker or an administrator, whose token was checked.

    `email` is the address in the token. Tokens of people who administer have one, those of makers need none.
    """

    maker: str
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """An HTTP response. `body` is sent as JSON without its None fields. A body of None sends no body."""

    body: BaseModel | None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def endpoint(answer: Callable[[Request], Response]) -> Handler:
    """Turn a function from request to response into a Lambda handler. Unexpected errors propagate.

    A temporary error of AWS is the caller's to wait for, after the attempts of the client and of transactions.
    """
    return _handle(answer, read_request, kept="no-store")


def public_endpoint(answer: Callable[[Visit], Response]) -> Handler:
    """Turn a function from visit to response into the Lambda handler of a public route.

    The distribution of the site keeps a response for ten seconds, and browsers do not.
    """
    return _handle(answer, read_visit, kept="public, max-age=0, s-maxage=10")


Read = TypeVar("Read", bound=Visit)


def _handle(answer: Callable[[Read], Response], read: Callable[[Mapping[str, Any]], Read], *, kept: str) -> Handler:
    @wraps(answer)
    def handler(gateway_event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            response = answer(read(gateway_event))
        except ApiProblem as error:
            return refuse(error)
        except (*AWS_ERRORS, Contended) as error:
            if not is_transient(error):
                raise
            logger.warning("AWS is busy", exc_info=error)
            return refuse(ServiceBusy("the service is busy; send this request again in a moment"))
        headers = {"Cache-Control": "private, no-cache" if "ETag" in response.headers else kept}
        if response.body is None:
            return {"statusCode": response.status, "headers": {**headers, **response.headers}, "body": ""}
        text = response.body.model_dump_json(exclude_none=True)
        headers |= {"Content-Type": "application/json", **response.headers}
        return {"statusCode": response.status, "headers": headers, "body": text}

    return handler


def read_request(gateway_event: Mapping[str, Any]) -> Request:
    """Read a request from an API Gateway event with payload format 2.0.

    Raises AccessTokenRequired or Forbidden.
    """
    claims = gateway_event["requestContext"]["authorizer"]["jwt"]["claims"]
    check_token(claims, scopes())
    return Request(maker=_maker_of(claims), email=_email_of(claims), **_parts_of(gateway_event))


def read_visit(gateway_event: Mapping[str, Any]) -> Visit:
    """Read a request to a public route. A token in it is not checked."""
    return Visit(**_parts_of(gateway_event))


def _parts_of(gateway_event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "request_id": gateway_event["requestContext"]["requestId"],
        "route": gateway_event.get("routeKey", ""),
        "path": gateway_event.get("pathParameters") or {},
        "query": gateway_event.get("queryStringParameters") or {},
        "headers": {name.lower(): value for name, value in (gateway_event.get("headers") or {}).items()},
        "gateway_event": gateway_event,
    }


@cache
def scopes() -> tuple[str, ...]:
    """The scopes of this function. A token needs one of them."""
    return tuple(TokenSettings.from_environment().token_scopes.split())


def check_token(claims: Mapping[str, str], scopes: Collection[str]) -> None:
    """Check that a token is an access token with one of these scopes. Raises AccessTokenRequired or Forbidden.

    API Gateway has checked signature, issuer, audience and time. It also accepts Cognito's ID tokens, which only
    `token_use` distinguishes. Issuers without that claim give scopes to access tokens only.
    """
    if claims.get("token_use", "access") != "access":
        raise AccessTokenRequired("this is not an access token; send the access token")
    if set(scopes).isdisjoint(claims.get("scope", "").split()):
        raise Forbidden(f"the token has none of the scopes {', '.join(scopes)}")


def _maker_of(claims: Mapping[str, str]) -> str:
    try:
        return parse_maker(claims.get("sub", ""))
    except InvalidInput as invalid:
        raise Forbidden(f"the `sub` claim of the token is not valid: {invalid.detail}") from None


def _email_of(claims: Mapping[str, str]) -> str | None:
    try:
        return parse_email(claims.get("email", ""))
    except InvalidInput:
        return None


def _body_of(gateway_event: Mapping[str, Any]) -> bytes:
    text = gateway_event.get("body") or ""
    body = parse_base64(text, "body") if gateway_event.get("isBase64Encoded") else utf8(text, "body")
    if len(body) > BODY_LIMIT:
        raise BodyTooLarge(f"the body has {len(body)} bytes and can have at most {BODY_LIMIT}", field="body")
    return body


def refuse(error: ApiProblem) -> dict[str, Any]:
    """The Lambda response for a named error."""
    status, body = problem_of(error)
    facts = {"reason": error.name, "field": error.field, "detail": error.detail}
    logger.info("request refused", extra={**facts, **event("RequestRefused")})
    headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    if wait_s := error.facts.get("retry_after_s") or PROBLEMS[type(error)].retry_after_s:
        headers["Retry-After"] = str(wait_s)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def id_in_path(request: Visit, name: Literal["author", "job_id", "picture_id", "upload_id", "webhook_id"]) -> str:
    """The ID of an author, a job, a picture, an upload or a webhook in the path.

    Raises the matching NotFound error for a malformed ID.
    """
    given = request.path[name]
    if not is_job_id(given):
        raise NOT_FOUND[name]("the id must have 26 lowercase letters and digits", field=name)
    return given


def maker_in_path(request: Request) -> str:
    """The maker in the path. Raises InvalidInput."""
    return parse_maker(request.path["maker"])


def idempotency_key_of(request: Request) -> str | None:
    """The idempotency key of the request, if it has one. Raises InvalidInput."""
    key = request.headers.get("idempotency-key")
    return None if key is None else parse_idempotency_key(key)


def effect_of_request(request: Request) -> Effect:
    """The effect of the request, which happens once per idempotency key. Raises InvalidInput."""
    route = f"{request.route} {canonical(dict(request.path))}"
    return effect_of(request.maker, idempotency_key_of(request), route, request.body)
