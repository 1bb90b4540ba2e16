"""Rejected requests reserve nothing, and the response names the fault."""

import base64
import functools
import json
import re
from typing import Any

import pytest

from local_cloud import makers
from local_cloud.launcher.cloud import LocalCloud
from tests.description import PATHS
from tests.e2e.front_end import FrontEnd
from tests.e2e.waiting import eventually


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"prompt": ""}, 422, "prompt"),
        ({"prompt": "x" * 10_000}, 422, "prompt"),
        ({"prompt": 5}, 422, "prompt"),
        ({"prompt": "x", "count": 0}, 422, "count"),
        ({"prompt": "x", "count": 9}, 422, "count"),
        ({"prompt": "x", "count": "4"}, 422, "count"),
        ({"prompt": "x", "size": "512x512"}, 422, "size"),
        ({"prompt": "x", "colour": "red"}, 422, "colour"),
        ("{not json", 422, "body"),
        ("", 422, "body"),
        (json.dumps({"prompt": "x" * 40_000}), 413, "body"),
    ],
)
def test_bad_input_names_its_field_and_reserves_nothing(
    front_end: FrontEnd, body: Any, status: int, field: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)

    answer = front_end.call("POST", "/v1/tools/picture/jobs", content=content)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["field"] == field
    assert front_end.balance() == (0, 0, 0)


def test_an_unknown_tool_is_not_found(front_end: FrontEnd) -> None:
    answer = front_end.call("POST", "/v1/tools/knitting/jobs", json={"prompt": "x"})

    assert (answer.status_code, answer.json()["type"], answer.json()["field"]) == (404, "/problems/ToolUnknown", "tool")


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def expired(cloud: LocalCloud) -> str:
    """A token that differs from a valid one only in its times."""
    cognito = cloud.client("cognito-idp")
    names = {"UserPoolId": cloud.outputs["UserPoolId"], "ClientId": cloud.outputs["UserPoolClientId"]}
    described = cognito.describe_user_pool_client(**names)["UserPoolClient"]
    kept = {"ExplicitAuthFlows": described["ExplicitAuthFlows"]}
    cognito.update_user_pool_client(
        **names, **kept, AccessTokenValidity=2, TokenValidityUnits={"AccessToken": "seconds"}
    )
    brief = cloud.sign_in("brief@craftspark.example")
    cognito.update_user_pool_client(
        **names, **kept, AccessTokenValidity=60, TokenValidityUnits={"AccessToken": "minutes"}
    )
    good = cloud.sign_in("brief@craftspark.example")
    assert FrontEnd(cloud, good).call("GET", "/v1/tools").status_code == 200
    times = ("exp", "iat", "auth_time", "jti", "origin_jti", "event_id")
    unlike = {name for name, value in claims_of(good).items() if claims_of(brief).get(name) != value}
    assert unlike <= set(times)
    eventually(lambda: FrontEnd(cloud, brief).call("GET", "/v1/tools").status_code == 401)
    return brief


# All routes, so that a new route is always included.
EVERY_ROUTE = {
    (
        method.upper(),
        re.sub(r"{\w+_id}", "a" * 26, path).replace("{index}", "0").replace("{maker}", "someone"),
    ): operation
    for path, operations in PATHS.items()
    for method, operation in operations.items()
}
ROUTES = [route for route, operation in EVERY_ROUTE.items() if operation["security"]]
PUBLIC = [route for route, operation in EVERY_ROUTE.items() if not operation["security"]]


def tampered(token: str) -> str:
    """The same token for another subject, under the old signature."""
    head, _, signature = token.split(".")
    claims = claims_of(token)
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "someone-else"}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


def unsigned(token: str) -> str:
    """The same claims with no signature and `alg` none."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


def foreign_client(cloud: LocalCloud) -> str:
    """A token of the same user pool for another app client."""
    cognito, pool = cloud.client("cognito-idp"), cloud.outputs["UserPoolId"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="other", ExplicitAuthFlows=flows)
    return makers.sign_in(
        cognito, pool=pool, app_client=client["UserPoolClient"]["ClientId"], email="other@craftspark.example"
    )


def foreign_pool(cloud: LocalCloud) -> str:
    """A token of another issuer."""
    cognito = cloud.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="other", ExplicitAuthFlows=flows)
    return makers.sign_in(
        cognito, pool=pool, app_client=client["UserPoolClient"]["ClientId"], email="other@craftspark.example"
    )


@functools.cache
def id_token(cloud: LocalCloud) -> str:
    """The ID token of a maker, from the same user pool and client as the access token."""
    return makers.sign_in(
        cloud.client("cognito-idp"),
        pool=cloud.outputs["UserPoolId"],
        app_client=cloud.outputs["UserPoolClientId"],
        email="named@craftspark.example",
        kind="IdToken",
    )


@pytest.fixture(scope="module")
def bad_tokens(cloud: LocalCloud) -> dict[str, str | None]:
    good = cloud.sign_in()
    return {
        "none": None,
        "garbage": "garbage",
        "tampered with": tampered(good),
        "alg none": unsigned(good),
        "wrong audience": foreign_client(cloud),
        "wrong issuer": foreign_pool(cloud),
        "expired": expired(cloud),
    }


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_takes_an_id_token_or_a_token_of_another_kind_of_client(
    cloud: LocalCloud, method: str, path: str
) -> None:
    administration = "/admin/" in path
    other = cloud.service_token("Partner" if administration else "Administrator")

    by_id_token = FrontEnd(cloud, id_token(cloud)).call(method, path, json={})
    by_other = FrontEnd(cloud, other).call(method, path, json={})

    # API Gateway checks the scope of administration, which no ID token has.
    assert by_id_token.status_code == (403 if administration else 401)
    assert by_other.status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_a_good_token(
    cloud: LocalCloud, bad_tokens: dict[str, str | None], method: str, path: str
) -> None:
    answers = {kind: FrontEnd(cloud, token).call(method, path) for kind, token in bad_tokens.items()}

    assert {kind: answer.status_code for kind, answer in answers.items()} == dict.fromkeys(bad_tokens, 401)
    assert all(len(answer.content) < 200 for answer in answers.values())


@pytest.mark.parametrize(("method", "path"), PUBLIC)
def test_a_public_route_answers_everybody_alike(
    cloud: LocalCloud, bad_tokens: dict[str, str | None], maker: str, method: str, path: str
) -> None:
    query = {"words": "apple"}  # which a search needs
    answers = [FrontEnd(cloud, token).call(method, path, params=query) for token in (*bad_tokens.values(), maker)]

    assert {answer.status_code for answer in answers} in ({200}, {404})


# A public picture is everybody's to like and to report.
OWN = [
    (method, path)
    for method, path in ROUTES
    if "a" * 26 in path and "/admin/" not in path and not path.endswith(("/like", "/report"))
]


@pytest.mark.parametrize(("method", "path"), OWN)
def test_what_is_another_s_is_not_found_and_tells_nothing(
    cloud: LocalCloud, front_end: FrontEnd, method: str, path: str
) -> None:
    job_id = front_end.accepted("secret words", count=1, steps=1)
    upload_id = front_end.call(
        "POST", "/v1/uploads", json={"content_type": "image/png"}, headers={"Idempotency-Key": "open"}
    ).json()["upload_id"]
    # An endpoint of a maker without jobs, to which no message is sent.
    hooked = FrontEnd(cloud, cloud.sign_in("hooked@craftspark.example"))
    webhook = hooked.call(
        "POST", "/v1/webhooks", json={"url": "https://1.1.1.1/"}, headers={"Idempotency-Key": "k"}
    ).json()
    picture_id = publish(front_end, job_id) if "/pictures/" in path else ""
    ids = (("/uploads/", upload_id), ("/webhooks/", webhook["webhook_id"]), ("/pictures/", picture_id), ("", job_id))
    theirs = next(name for part, name in ids if part in path)
    stranger = FrontEnd(cloud, cloud.sign_in("stranger@craftspark.example"))

    body = {"title": "mine", **({"licence": "personal"} if path.endswith("/publication") else {})}
    if path.endswith("/appeal"):
        body = {"words": "It is mine."}
    answer = stranger.call(method, path.replace("a" * 26, theirs), json=body)
    nowhere = stranger.call(method, path, json=body)

    assert answer.status_code == nowhere.status_code == 404
    assert answer.text.replace(theirs, "a" * 26) == nowhere.text
    assert front_end.read(job_id)["job_id"] == job_id


def publish(front_end: FrontEnd, job_id: str) -> str:
    """Publish the first image of a job when the job has ended. Returns the ID of the picture."""
    front_end.ended(job_id)
    body = {"title": "Red apple", "licence": "personal"}
    published = front_end.call("POST", f"/v1/jobs/{job_id}/images/0/publication", json=body)
    assert published.status_code == 201, published.text
    return str(published.json()["picture_id"])


def test_another_maker_s_job_is_not_found(cloud: LocalCloud, front_end: FrontEnd) -> None:
    job_id = front_end.accepted(count=1, steps=1)
    stranger = FrontEnd(cloud, cloud.sign_in("stranger@craftspark.example"))

    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel")):
        answer = stranger.call(method, f"/v1/jobs/{job_id}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/JobNotFound")
    assert stranger.call("GET", "/v1/jobs").json()["jobs"] == []
    assert front_end.ended(job_id)["state"] == "succeeded"


def set_account(cloud: LocalCloud, front_end: FrontEnd, **numbers: int) -> None:
    """Write values into the maker's account that would take many jobs."""
    claims = claims_of(front_end.token or "")
    front_end.account()
    cloud.client("dynamodb").update_item(
        TableName=cloud.outputs["AccountsTableName"],
        Key={"maker": {"S": claims["sub"]}, "item": {"S": "account"}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in numbers),
        ExpressionAttributeValues={f":{name}": {"N": str(number)} for name, number in numbers.items()},
    )


def test_not_enough_credits_are_told_with_what_would_fit(cloud: LocalCloud, front_end: FrontEnd) -> None:
    set_account(cloud, front_end, available=3, granted=3)

    answer = front_end.submit(count=4)

    problem = answer.json()
    assert (answer.status_code, problem["price"], problem["affordable_count"]) == (402, 4, 3)
    assert front_end.balance() == (0, 0, 0)


def test_too_many_active_jobs_are_told_with_the_limit(cloud: LocalCloud, front_end: FrontEnd) -> None:
    limit = front_end.account()["max_active_jobs"]
    set_account(cloud, front_end, active_jobs=limit)

    answer = front_end.submit(count=1)

    assert (answer.status_code, answer.json()["max_active_jobs"]) == (429, limit)
    assert int(answer.headers["Retry-After"]) > 0
    assert front_end.balance() == (0, 0, 0)


def test_a_key_means_one_request(front_end: FrontEnd) -> None:
    first = front_end.submit(key="k", count=1, steps=1)
    again = front_end.submit(key="k", count=1, steps=1)
    other = front_end.submit("a blue apple", key="k", count=1, steps=1)

    assert first.json()["job_id"] == again.json()["job_id"]
    assert (other.status_code, other.json()["type"]) == (409, "/problems/IdempotencyKeyReused")
    front_end.ended(first.json()["job_id"])
    assert front_end.balance() == (1, 0, 1)
