"""Scenarios for each response in the API description: the required state, and the request."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from craftspark.aws import clients
from craftspark.aws.items import job_key, text
from craftspark.aws.jobs.speed import FLEET, SUPPLY, partition
from craftspark.fleet.supply import PoolSupply, TypeSupply
from lambdas.wiring import pictures
from tests.aws.api import Answer
from tests.aws.callers import OTHERS, UNKNOWN, Caller, put
from tests.aws.conftest import GALLERY, JOBS, POOLS, UPLOAD_RECORDS, client_of
from tests.aws.described import parameters_of

REFUSED_WORDS = "what the fuck"


def contend(caller: Caller) -> Answer:
    """Every transaction conflicts with another one on the same items, at the start of a month."""

    def conflict(**_: Any) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "TransactionConflict"}],
        }
        raise ClientError(answer, "TransactWriteItems")

    caller.put(month="2020-01")
    caller.patch.setattr(clients.dynamodb(), "transact_write_items", conflict)
    caller.patch.setattr("craftspark.aws.transactions.time.sleep", lambda _: None)
    if caller.function == "quote_job":  # which writes only refusals
        return say_what_is_refused(caller)
    keyed = caller.function in ("create_upload", "rotate_webhook_secret")
    return caller.ask(headers={"idempotency-key": "k"} if keyed else None)


def contend_for_checks(caller: Caller) -> Answer:
    """Other requests count checks between each read and write of this one."""
    failed = clients.dynamodb().exceptions.ConditionalCheckFailedException({"Error": {}}, "UpdateItem")

    def fail(**_: Any) -> None:
        raise failed

    caller.patch.setattr(clients.dynamodb(), "update_item", fail)
    return caller.ask()


def reuse_key(caller: Caller) -> Answer:
    headers = {"idempotency-key": "k"}
    first = caller.ask(headers=headers)
    assert first.status < 300, first
    other = {"seed": 7} if caller.tool else OTHERS[caller.function]
    return caller.ask(headers=headers, body={**(caller.body or {}), **other})


def break_a_rule(caller: Caller) -> Answer:
    if isinstance(caller.body, dict):
        return caller.ask(body="{")
    if "limit" in parameters_of(caller.operation, "query"):
        return caller.ask(query={"limit": "0"})
    if caller.function == "check_upload":
        caller.picture(b"no picture")
        return caller.ask()
    if caller.function == "rotate_webhook_secret":
        return caller.ask(headers={"idempotency-key": ""})
    return caller.ask(query={}) if caller.function == "find_makers" else caller.ask(path={"maker": "a b"})


def fail_to_judge(caller: Caller) -> Answer:
    class Unreachable:
        def __getattr__(self, name: str) -> Any:
            raise EndpointConnectionError(endpoint_url="https://judge")

    if caller.function == "check_upload":
        caller.setting(guardrail_id="g1", guardrail_version="1", moderation_fallback="refuse")
        caller.patch.setattr(clients, "picture_guardrails", Unreachable)
        caller.patch.setattr(pictures, "moderation", pictures.moderation.__wrapped__)
        return caller.ask()
    caller.setting(moderator="comprehend", moderation_fallback="refuse")
    caller.patch.setattr(clients, "comprehend", Unreachable)
    return caller.ask(body={**caller.body, **({"prompt": "a red apple"} if caller.tool else {})})


def send_too_much(caller: Caller) -> Answer:
    return caller.ask(body=json.dumps({"text": "x" * 40_000}))


def take_too_much(caller: Caller) -> Answer:
    if caller.function == "adjust_credits":
        return caller.ask(body={"credits": -1000, "note": "order 1"})
    caller.put(available=0)
    return caller.ask()


def ask_too_often(caller: Caller) -> Answer:
    if caller.function == "check_upload":
        put(UPLOAD_RECORDS, caller.maker, "limits", minute="9999-12-31T23:59", checks=1000)
        return caller.ask()
    if caller.function in ("quote_job", "publish_image", "change_profile"):
        caller.put(held_until="9999-12-31T23:59:59.000Z")
        return say_what_is_refused(caller)
    caller.put(minute="9999-12-31T23:59", submissions=10**6)
    return caller.ask()


def say_what_is_refused(caller: Caller) -> Answer:
    if caller.function == "search_pictures":
        return caller.ask(query={"words": REFUSED_WORDS})
    field = {"publish_image": "title", "change_profile": "name"}.get(caller.function, "prompt")
    return caller.ask(body={**caller.body, field: REFUSED_WORDS})


def publish_otherwise(caller: Caller) -> Answer:
    caller.ask()
    return caller.ask(body={**caller.body, "title": "Green apple"})


def choose_a_taken_name(caller: Caller) -> Answer:
    caller.ask(maker="another-maker")
    return caller.ask()


def appeal_too_late(caller: Caller) -> Answer:
    caller.ask("restore_picture")
    return caller.ask()


def take_down_first(caller: Caller) -> Answer:
    caller.path["picture_id"] = caller.path.get("picture_id") or caller.ask().body["picture_id"]
    caller.ask("take_down_picture")
    return caller.ask()


def lose_files(caller: Caller) -> Answer:
    bucket = client_of("s3")
    for entry in bucket.list_objects_v2(Bucket=GALLERY)["Contents"]:
        bucket.delete_object(Bucket=GALLERY, Key=entry["Key"])
    return caller.ask()


def exceed_the_plan(caller: Caller) -> Answer:
    caller.limit(webhooks=0, lanes=("interactive",))
    body = {**caller.body, "lane": "bulk"} if caller.tool else caller.body
    return caller.ask(body=body)


def open_too_many(caller: Caller) -> Answer:
    caller.limit(open_uploads=1)
    assert caller.ask().status == 201
    return caller.ask()


def suspend(caller: Caller) -> Answer:
    caller.put(suspended="abuse")
    return caller.ask()


def start_too_many(caller: Caller) -> Answer:
    caller.limit(max_active_jobs=0)
    return caller.ask()


def on_a_stage_with(fields: dict[str, Any] | None = None, **settings: Any) -> Callable[[Caller], Answer]:
    def scenario(caller: Caller) -> Answer:
        caller.setting(**settings)
        return caller.ask(body={**caller.body, **(fields or {})})

    return scenario


def launched_within(launch_s: int) -> str:
    """The pools of the stage, as a setting, with this time of a launch."""
    return replace(POOLS, pools=tuple(replace(pool, launch_s=launch_s) for pool in POOLS.pools)).to_text()


def take_all_tasks(caller: Caller) -> Answer:
    """No task of any pool runs, and none can be added."""
    nothing = PoolSupply(
        at=time.time(),
        spot=TypeSupply(),
        on_demand=TypeSupply(),
        obtainable=0,
        cold_start_s=120.0,
        reason="no capacity",
    )
    keys = [job_key(partition(pool.name), FLEET) for pool in POOLS.pools]
    for key in keys:
        clients.dynamodb().put_item(TableName=JOBS, Item={**key, SUPPLY: text(nothing.to_text())})
    answer = caller.ask()
    for key in keys:
        clients.dynamodb().delete_item(TableName=JOBS, Key=key)  # the other scenarios have tasks
    return answer


def unfinished(*, ended: bool) -> Callable[[Caller], Answer]:
    def scenario(caller: Caller) -> Answer:
        caller.job(ended=ended)
        return caller.ask()

    return scenario


def delete_first(caller: Caller) -> Answer:
    caller.ask("delete_images")
    return caller.ask()


def limit_zips(caller: Caller) -> Answer:
    caller.patch.setattr("craftspark.aws.jobs.zips.MAX_ZIP_BYTES", 1)
    return caller.ask()


def throttle(caller: Caller) -> Answer:
    """The tables, the user pool and the indexes refuse all requests, also after the attempts of their clients."""

    def refuse(**_: object) -> None:
        answer: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(answer, "Call")

    sources = [client.meta.events for client in (clients.dynamodb(), clients.cognito(), clients.s3vectors())]
    for events in sources:
        events.register_first("before-call", refuse)
    try:
        return caller.ask()
    finally:
        for events in sources:
            events.unregister("before-call", refuse)


def at(**path: str) -> Callable[[Caller], Answer]:
    def scenario(caller: Caller) -> Answer:
        caller.path = path
        return caller.ask()

    return scenario


def miss_a_picture(caller: Caller) -> Answer:
    if caller.function == "search_pictures":
        return caller.ask(query={"like": UNKNOWN})
    return at(picture_id=UNKNOWN)(caller)


def read_again(caller: Caller) -> Answer:
    return caller.ask(headers={"if-none-match": caller.ask().headers["ETag"]})


# By the response: a status, or the type of a problem.
SCENARIOS: dict[str, Callable[[Caller], Answer]] = {
    **dict.fromkeys(("200", "201", "202", "204"), Caller.ask),
    "304": read_again,
    "AccessTokenRequired": lambda caller: caller.ask(token_use="id"),
    "AccountContended": lambda caller: (contend_for_checks if caller.function == "check_upload" else contend)(caller),
    "AppealClosed": appeal_too_late,
    "AccountMissing": at(maker="nobody"),
    "AccountSuspended": suspend,
    "BacklogTooLong": on_a_stage_with(pools=launched_within(10**6)),
    "BodyTooLarge": send_too_much,
    "CapacityInsufficient": take_all_tasks,
    "CreditsInsufficient": take_too_much,
    "FilesMissing": lambda caller: (lose_files if caller.function == "restore_picture" else delete_first)(caller),
    "FilesTooLarge": limit_zips,
    "Forbidden": lambda caller: caller.ask(scope="openid"),
    "IdempotencyKeyReused": reuse_key,
    "InvalidInput": break_a_rule,
    "JobAlreadyFinal": unfinished(ended=True),
    "JobNotFound": at(job_id=UNKNOWN),
    "JobUnfinished": unfinished(ended=False),
    "ModerationUnavailable": fail_to_judge,
    "PlanExceeded": exceed_the_plan,
    "PictureAlreadyPublished": publish_otherwise,
    "MakerNotFound": at(author=UNKNOWN, maker="nobody"),
    "NameUnavailable": choose_a_taken_name,
    "PictureTakenDown": take_down_first,
    "PictureNotFound": miss_a_picture,
    "PromptRefused": say_what_is_refused,
    "ServiceBusy": throttle,
    "RenderTooLong": on_a_stage_with(batch_s=0),
    "ToolUnknown": lambda caller: caller.ask(query={"tool": "knitting"}),
    "TooManyActiveJobs": start_too_many,
    "TooManyOpenUploads": open_too_many,
    "TooManyRequests": ask_too_often,
    "UploadNotFound": at(upload_id=UNKNOWN),
    "WaitTooLong": on_a_stage_with({"max_wait_s": 1}, pools=launched_within(1000)),
    "WebhookNotFound": at(webhook_id=UNKNOWN),
}
