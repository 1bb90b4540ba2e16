"""Webhooks as makers register and change them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from craftspark.accounts.plans import find_plan
from craftspark.errors import AccountContended, InvalidInput, PlanExceeded, WebhookNotFound
from craftspark.notifications.webhooks import Webhook, Webhooks
from lambdas.wiring import webhooks as shared
from tests.aws.api import call
from tests.aws.webhooks.conftest import URL, register

pytestmark = pytest.mark.usefixtures("settings")


def test_a_secret_is_returned_only_at_its_creation() -> None:
    made = register()

    assert made.status == 201
    assert made.body["secret"].startswith("whsec_")
    [listed] = call("list_webhooks").body["webhooks"]
    assert (listed["url"], "secret" in listed) == (URL, False)
    assert register().body["webhook_id"] == made.body["webhook_id"]


@pytest.mark.parametrize("function", ["delete_webhook", "rotate_webhook_secret", "list_deliveries"])
def test_another_maker_s_webhook_is_not_found(function: str) -> None:
    webhook_id = register().body["webhook_id"]

    answer = call(function, maker="maker-2", path={"webhook_id": webhook_id})

    assert (answer.status, answer.body["type"]) == (404, "/problems/WebhookNotFound")
    assert len(call("list_webhooks").body["webhooks"]) == 1


def test_an_internal_address_is_rejected_at_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "resolve", lambda host: ["10.0.0.7"])

    refused = register()

    assert (refused.status, refused.body["field"]) == (422, "url")
    assert call("list_webhooks").body["webhooks"] == []


def test_a_url_is_stored_and_returned_in_its_normal_form() -> None:
    made = register(url="https://HOOKS.example:443/a/../in")

    assert (made.status, made.body["url"]) == (201, URL)
    again = register(url=URL, idempotency_key="other")
    assert (again.status, again.body["field"]) == (422, "url")
    assert made.body["webhook_id"] in again.body["detail"]


def test_a_rotation_does_not_restore_a_deleted_webhook() -> None:
    webhook_id = register().body["webhook_id"]
    webhook = shared.table().get("maker-1", webhook_id)
    call("delete_webhook", path={"webhook_id": webhook_id})

    with pytest.raises(WebhookNotFound):
        shared.webhooks().rotate(webhook)

    assert call("list_webhooks").body["webhooks"] == []


@pytest.mark.parametrize(
    ("urls", "refusal", "taken"),
    [([f"https://hooks.example/{n}" for n in range(6)], PlanExceeded, 2), ([URL] * 6, InvalidInput, 1)],
    ids=["more than the plan's", "the same URL"],
)
def test_concurrent_registrations_respect_the_plan_and_one_webhook_per_url(
    urls: list[str], refusal: type[Exception], taken: int
) -> None:
    all_have_read = Barrier(len(urls), timeout=30)

    def resolve(host: str) -> list[str]:
        all_have_read.wait()
        return ["93.184.216.34"]

    plan = replace(find_plan("partner"), webhooks=2)
    webhooks = Webhooks(records=shared.table(), resolve=resolve, to_ascii=lambda host: host)

    def register_one(number: int) -> Webhook | Exception:
        try:
            return webhooks.register("maker-1", plan, f"w{number}", urls[number])
        except (PlanExceeded, InvalidInput) as refused:
            return refused

    with ThreadPoolExecutor(len(urls)) as threads:
        answers = list(threads.map(register_one, range(len(urls))))

    made = [answer for answer in answers if isinstance(answer, Webhook)]
    assert len(made) == taken
    assert [type(answer) for answer in answers if answer not in made] == [refusal] * (len(urls) - taken)
    assert {webhook.webhook_id for webhook in shared.table().of("maker-1")} == {each.webhook_id for each in made}
    all_have_read.reset()
    for webhook in made:
        shared.table().drop("maker-1", webhook.webhook_id)
    again = replace(webhooks, resolve=lambda host: ["93.184.216.34"])
    assert again.register("maker-1", plan, "again", made[0].url).url == made[0].url


def test_one_of_two_concurrent_rotations_creates_a_secret() -> None:
    webhook = shared.table().get("maker-1", register().body["webhook_id"])
    rotated = shared.webhooks().rotate(webhook)

    with pytest.raises(AccountContended):
        shared.webhooks().rotate(webhook)

    assert shared.table().get("maker-1", webhook.webhook_id) == rotated
