"""At a moment when every transaction meets another, handlers answer what is documented, and never a server error."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from craftspark.aws import clients
from craftspark.routes import ADMIN, ROUTES
from craftspark.uploads import incoming_key
from tests.aws.api import ADMIN_SCOPE, MAKER_SCOPE, Answer, account, call, settle, store, submit
from tests.aws.conftest import ACCOUNTS, UPLOADS
from tests.aws.test_uploads import a_png

pytestmark = pytest.mark.usefixtures("all_settings")
DESCRIBED = json.loads(Path("docs/openapi.json").read_text())
FUNCTIONS = {route.function: route for route in ROUTES}
UNKNOWN = "a" * 26
BODIES: dict[str, Any] = {
    "submit_job": {"prompt": "a red apple", "count": 1},
    "quote_job": {"prompt": "a red apple", "count": 1},
    "create_upload": {"content_type": "image/png"},
    "create_webhook": {"url": "https://hooks.example.com/a"},
    "change_job": {"title": "Apples"},
    "grant_credits": {"credits": 5, "note": "order 1"},
    "adjust_credits": {"credits": -1, "note": "order 1"},
    "change_plan": {"plan": "plus"},
    "suspend_account": {"reason": "abuse"},
}


def documented() -> set[tuple[str, int]]:
    """Functions and their statuses."""
    pairs = set()
    for operations in DESCRIBED["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            function = name if name in FUNCTIONS else name.rpartition("_")[0]
            pairs |= {(function, int(status)) for status in operation["responses"]}
    return pairs


def ask(function: str, **parts: Any) -> Answer:
    """A request that is good but for the parts given."""
    route = FUNCTIONS[function]
    admin = route.scope == ADMIN
    values = {"tool": "picture", "job_id": UNKNOWN, "upload_id": UNKNOWN, "webhook_id": UNKNOWN, "maker": "maker-1"}
    path = {name: value for name, value in values.items() if f"{{{name}}}" in route.path}
    request = {
        "maker": "operator" if admin else "maker-1",
        "scope": ADMIN_SCOPE if admin else MAKER_SCOPE,
        "path": {**path, **parts.pop("path", {})},
        "body": BODIES.get(function),
        "query": {"email": "ann@example.com"} if function == "find_makers" else None,
    }
    return call(function, **{**request, **parts})


def job(*, ended: bool = False) -> dict[str, dict[str, str]]:
    job_id = submit(count=1).body["job_id"]
    if ended:
        store(job_id, 0)
        settle(job_id)
    return {"path": {"job_id": job_id}}


def webhook() -> dict[str, dict[str, str]]:
    ask("change_plan", body={"plan": "pro"})  # which has webhooks
    made = ask("create_webhook")
    assert made.status == 201, made.body
    return {"path": {"webhook_id": made.body["webhook_id"]}}


def picture() -> dict[str, dict[str, str]]:
    upload_id = ask("create_upload").body["upload_id"]
    key = incoming_key("maker-1", upload_id)
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=key, Body=a_png())
    return {"path": {"upload_id": upload_id}}


def known() -> dict[str, Any]:
    """The account is there, and of an earlier month."""
    account()
    clients.dynamodb().update_item(
        TableName=ACCOUNTS,
        Key={"maker": {"S": "maker-1"}, "item": {"S": "account"}},
        UpdateExpression="SET #month = :month",
        ExpressionAttributeNames={"#month": "month"},
        ExpressionAttributeValues={":month": {"S": "2020-01"}},
    )
    return {}


def good(function: str) -> dict[str, Any]:
    """What has to be there for the function to do what it is for."""
    path = FUNCTIONS[function].path
    account()
    if "{job_id}" in path:
        return job(ended=function in ("delete_job", "delete_images"))
    if "{webhook_id}" in path:
        return webhook()
    return picture() if "{upload_id}" in path else {}


def contend(patch: pytest.MonkeyPatch) -> None:
    """Another transaction holds the same items, whenever one is tried."""

    def conflict(**_: Any) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        }
        raise ClientError(answer, "TransactWriteItems")

    patch.setattr(clients.dynamodb(), "transact_write_items", conflict)
    patch.setattr("craftspark.aws.transactions.time.sleep", lambda _: None)


def at_a_busy_moment(function: str, patch: pytest.MonkeyPatch) -> Answer:
    parts = good(function)
    known()
    if function in ("create_upload", "rotate_webhook_secret"):
        parts = {**parts, "headers": {"idempotency-key": "k"}}
    contend(patch)
    return ask(function, **parts)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_at_a_busy_moment_no_handler_answers_what_is_not_documented(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (function, at_a_busy_moment(function, monkeypatch).status) in documented()
