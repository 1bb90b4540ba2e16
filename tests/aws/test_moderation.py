from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from craftspark.accounts.credits import MAX_HOLD, MIN_HOLD, Account, hold_duration
from craftspark.accounts.plans import PLANS, Plan
from craftspark.aws import clients
from craftspark.aws.accounts.account_table import AccountTable
from craftspark.aws.accounts.ledger import account_key
from craftspark.clock import utc_now
from craftspark.jobs.submissions import Submissions
from craftspark.moderation import Refusal
from lambdas.wiring.moderation import moderation as lambda_moderation
from tests.aws.api import account, call, submit
from tests.aws.conftest import ACCOUNTS

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


class Clock:
    """The time of submissions, set by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = utc_now()
        for use in ("jobs.submissions", "accounts.accounts"):
            monkeypatch.setattr(f"craftspark.{use}.utc_now", lambda: self.now)
        monkeypatch.setattr(Submissions.__init__, "__kwdefaults__", {"now": lambda: self.now})

    def forward(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


def a_refusal() -> Refusal:
    refusal = Refusal(maker="maker-1", field="prompt", text_sha256="0" * 64, objections=("hate",), at=utc_now())
    return replace(refusal, text_sha256=uuid4().hex)


def test_a_refused_prompt_has_its_own_problem_and_a_record_and_no_charge() -> None:
    refused = submit("what the fuck")

    assert (refused.status, refused.body["type"], refused.body["field"]) == (
        422,
        "/problems/PromptRefused",
        "prompt",
    )
    assert refused.body["words"] == ["fuck"]
    assert account()["reserved"] == 0
    items = clients.dynamodb().scan(TableName=ACCOUNTS)["Items"]
    [record] = [item for item in items if item["item"]["S"].startswith("refusal#")]
    assert record["maker"]["S"] == "maker-1"
    assert "fuck" not in str(record)
    assert "expires_at" in record


def test_a_quote_refuses_the_same_prompt() -> None:
    refused = call("quote_job", path={"tool": "picture"}, body={"prompt": "what the fuck"})

    assert refused.body["type"] == "/problems/PromptRefused"


def test_repeated_refusals_make_the_next_jobs_wait_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    refused = [submit("what the fuck").status for _ in range(5)]

    held = submit("a red apple")
    no_oracle = submit("what the fuck")
    quoted = call("quote_job", path={"tool": "picture"}, body={"prompt": "what the fuck"})
    clock.forward(minutes=1)
    taken = submit("a red apple")
    sixth = submit("what the fuck")
    held_longer = submit("a red apple")
    clock.forward(minutes=2)
    taken_again = submit("a red apple")

    assert refused == [422] * 5
    for answer in (held, no_oracle, quoted):
        assert (answer.status, answer.body["type"], answer.headers["Retry-After"]) == (
            429,
            "/problems/TooManyRequests",
            "60",
        )
    assert (taken.status, sixth.status) == (202, 422)
    assert (held_longer.status, held_longer.headers["Retry-After"]) == (429, "120")
    assert taken_again.status == 202


def test_refusals_of_another_hour_or_maker_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    for _ in range(4):
        submit("what the fuck")
    clock.forward(minutes=61)
    for _ in range(4):
        submit("what the fuck")
    for _ in range(4):
        submit("what the fuck", maker="maker-2")

    assert submit("a red apple").status == 202
    assert submit("a red apple", maker="maker-2").status == 202


@pytest.mark.parametrize(("later", "counted"), [(timedelta(), 3), (timedelta(minutes=61), 2)])
def test_concurrent_refusals_are_all_counted(monkeypatch: pytest.MonkeyPatch, later: timedelta, counted: int) -> None:
    submit("what the fuck")
    now = a_refusal().at + later
    table = lambda_moderation().refusals
    find = AccountTable.find
    overtaken: list[bool] = []

    def find_late(accounts: AccountTable, maker: str) -> Account | None:
        account = find(accounts, maker)
        if not overtaken:
            overtaken.append(True)
            table.add(replace(a_refusal(), at=now))
        return account

    monkeypatch.setattr(AccountTable, "find", find_late)
    table.add(replace(a_refusal(), at=now))

    item = clients.dynamodb().get_item(TableName=ACCOUNTS, Key=account_key("maker-1"))["Item"]
    assert item["refusals"]["N"] == str(counted)
    assert "held_until" not in item  # two requests at the same time need no wait


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.name)
def test_a_hold_never_shrinks_and_is_bounded(plan: Plan) -> None:
    holds = [hold_duration(refusals, plan) for refusals in range(1, plan.refusals_per_hour + 100)]

    assert holds == sorted(holds)
    assert holds[plan.refusals_per_hour - 2] == timedelta()
    assert holds[plan.refusals_per_hour - 1] == MIN_HOLD
    assert holds[-1] == MAX_HOLD
