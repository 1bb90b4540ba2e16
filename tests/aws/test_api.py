from urllib.parse import urljoin

import pytest

from craftspark.aws import clients
from craftspark.settings.jobs import SubmitSettings
from tests.aws.api import account, call, read, settle, submit
from tests.aws.conftest import JOBS, client_of

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def messages(url: str) -> int:
    attributes = client_of("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_a_job_is_accepted_reserved_and_sent(submit_settings: SubmitSettings) -> None:
    answer = submit(count=3)

    assert answer.status == 202
    for base in ("https://api.example", "https://example.com/images/api"):
        asked = f"{base}/v1/tools/picture/jobs"
        assert urljoin(asked, answer.headers["Location"]) == f"{base}/v1/jobs/{answer.body['job_id']}"
    assert answer.body["credits"] == {"price": 3, "reserved": 3, "spent": 0, "refunded": 0}
    assert (account()["available"], account()["reserved"], account()["active_jobs"]) == (7, 3, 1)
    assert messages(submit_settings.intake_queue_url) == 1


def test_the_same_key_is_charged_once_and_with_another_body_refused() -> None:
    first, again, other = submit(key="k"), submit(key="k"), submit("a blue apple", key="k")

    assert first.body == again.body
    assert (other.status, other.body["type"], other.body["field"]) == (
        409,
        "/problems/IdempotencyKeyReused",
        "Idempotency-Key",
    )
    assert account()["reserved"] == 4


def test_a_key_whose_job_has_expired_is_refused_and_not_charged() -> None:
    job_id = submit(key="k", count=1).body["job_id"]
    settle(job_id)
    clients.dynamodb().delete_item(TableName=JOBS, Key={"job_id": {"S": job_id}, "item": {"S": "job"}})

    assert submit(key="k", count=1).body["type"] == "/problems/IdempotencyKeyReused"
    assert account()["reserved"] == 0


def test_each_request_without_a_key_creates_a_job() -> None:
    assert submit(count=1).body["job_id"] != submit(count=1).body["job_id"]


def test_insufficient_credits_are_rejected_with_the_affordable_count(submit_settings: SubmitSettings) -> None:
    submit(count=8)

    answer = submit(count=4)

    assert answer.status == 402
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {name: answer.body[name] for name in ("type", "price", "available", "affordable_count", "field")} == {
        "type": "/problems/CreditsInsufficient",
        "price": 4,
        "available": 2,
        "affordable_count": 2,
        "field": "count",
    }
    assert account()["reserved"] == 8
    assert messages(submit_settings.intake_queue_url) == 1


def test_too_many_active_jobs_are_refused_until_one_ends() -> None:
    jobs = [submit(count=1).body["job_id"] for _ in range(3)]

    refused = submit(count=1)
    settle(jobs[0])
    accepted = submit(count=1)

    assert (refused.status, refused.body["active_jobs"], refused.body["max_active_jobs"]) == (429, 3, 3)
    assert refused.headers["Retry-After"]
    assert accepted.status == 202


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"prompt": "x", "count": 9}, 422, "count"),
        ({"prompt": "x" * 10_000}, 422, "prompt"),
        ({"prompt": "x", "colour": "red"}, 422, "colour"),
        ({"prompt": "x", "size": "1024x1024"}, 422, "size"),
        ("{", 422, "body"),
        (None, 422, "body"),
        ({"prompt": "x" * 40_000}, 413, "body"),
    ],
)
def test_bad_input_names_the_field_and_reserves_nothing(body: object, status: int, field: str) -> None:
    answer = call("submit_job", path={"tool": "picture"}, body=body)

    assert (answer.status, answer.body["field"]) == (status, field)
    assert account()["reserved"] == 0


def test_an_unknown_tool_is_not_found() -> None:
    answer = call("submit_job", path={"tool": "knitting"}, body={"prompt": "x"})

    assert (answer.status, answer.body["field"]) == (404, "tool")


def test_a_token_without_a_subject_is_forbidden() -> None:
    assert call("read_account", maker=None).status == 403


@pytest.mark.parametrize("function", ["read_job", "cancel_job", "delete_job"])
def test_another_maker_s_job_is_not_found_and_untouched(function: str) -> None:
    job_id = submit(count=1).body["job_id"]

    theirs = call(function, maker="maker-2", path={"job_id": job_id})
    nobody = call(function, maker="maker-2", path={"job_id": "b" * 26})

    assert theirs.status == nobody.status == 404
    assert theirs.body["type"] == nobody.body["type"]
    assert theirs.body["detail"].replace(job_id, "") == nobody.body["detail"].replace("b" * 26, "")
    assert read(job_id).body["state"] == "queued"


@pytest.mark.parametrize("function", ["read_job", "cancel_job", "delete_job"])
@pytest.mark.parametrize("job_id", ["x", "A" * 26, "a" * 27, "b" * 3000, "../account", "\x00" * 26])
def test_an_invalid_job_id_is_not_found(function: str, job_id: str) -> None:
    answer = call(function, path={"job_id": job_id})

    assert (answer.status, answer.body["type"], answer.body["field"]) == (404, "/problems/JobNotFound", "job_id")


def test_jobs_are_listed_newest_first_page_by_page() -> None:
    expected: list[str] = []
    for number in range(5):
        job_id = submit(str(number), count=1).body["job_id"]
        settle(job_id)
        expected.insert(0, job_id)
    submit(count=1, maker="maker-2")

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = call("list_jobs", query={"limit": "2", **cursor}).body
        seen += [job["job_id"] for job in page["jobs"]]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == expected


def test_another_maker_s_cursor_shows_no_jobs() -> None:
    for number in range(2):
        submit(str(number), count=1)
    cursor = call("list_jobs", query={"limit": "1"}).body["next_cursor"]

    assert call("list_jobs", maker="maker-2", query={"cursor": cursor}).body["jobs"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"limit": "x"}, "limit"), ({"cursor": "%%"}, "cursor")],
)
def test_invalid_parameters_of_a_list_are_named(query: dict[str, str], field: str) -> None:
    answer = call("list_jobs", query=query)

    assert (answer.status, answer.body["field"]) == (422, field)


def test_tools_are_listed_with_their_price_and_schema() -> None:
    answer = call("list_tools").body

    tools = {tool["name"]: tool for tool in answer["tools"]}
    assert list(tools) == [
        "picture",
        "pattern",
        "clipart",
        "variations",
        "outpaint",
        "upscale",
        "cutout",
        "lineart",
        "sticker-sheet",
    ]
    assert {tool["credits_per_image"] for tool in tools.values()} == {1}
    assert "prompt" in tools["picture"]["request_schema"]["properties"]
    assert [style["title"] for style in tools["picture"]["styles"]] == ["Bold flat"]
    assert tools["upscale"]["styles"] == []


def test_a_new_maker_gets_one_account() -> None:
    assert account("new")["granted"] == 10
    submit(count=2, maker="new")

    assert (account("new")["granted"], account("new")["reserved"]) == (10, 2)
