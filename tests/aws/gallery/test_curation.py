"""Reports, takedowns, appeals and suspensions: which pictures are hidden from whom, and how they come back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.kept_table import KeptTable
from craftspark.aws.gallery.popular_table import PopularTable
from craftspark.gallery.popular import Ranking
from lambdas.announce_pictures import handler as announce
from lambdas.apply_standing import handler as apply_standing
from tests.aws.api import ADMIN_SCOPE, Answer, Context, account, call
from tests.aws.conftest import ACCOUNTS, GALLERY_RECORDS
from tests.aws.gallery.test_gallery import a_job, listed, publish, stored, visit
from tests.aws.gallery.test_gallery_events import Bus, bus
from tests.aws.streams import read_changes

__all__ = ["bus"]
pytestmark = pytest.mark.usefixtures("all_settings")


def ask(function: str, picture_id: str, maker: str = "maker-2", **body: Any) -> Answer:
    return call(function, maker=maker, path={"picture_id": picture_id}, body=body)


def administer(function: str, picture_id: str = "", *, query: dict[str, str] | None = None, **body: Any) -> Answer:
    path = {"picture_id": picture_id} if picture_id else None
    return call(function, maker="operator", scope=ADMIN_SCOPE, path=path, query=query, body=body)


def take_down(picture_id: str, reason: str = "copyright", words: str = "a brand's sign") -> Answer:
    return administer("take_down_picture", picture_id, reason=reason, words=words)


def suspend(maker: str, reason: str | None) -> None:
    answer = call(
        "suspend_account", maker="operator", scope=ADMIN_SCOPE, path={"maker": maker}, body={"reason": reason}
    )
    assert answer.status == 200


def follow(bus: Bus) -> list[str]:
    """What the consumers do after the changes so far. Returns the kinds of events."""
    bus.calls.clear()
    announce.handler({"Records": read_changes("picture", "standing")}, Context())
    entries = [entry for call in bus.calls for entry in call]
    for factory in (apply_standing.kept_table, apply_standing.curation):
        factory.cache_clear()
    for entry in entries:
        if entry["DetailType"] == "MakerStandingChanged":
            apply_standing.handler({"detail": json.loads(entry["Detail"])}, Context())
    return [entry["DetailType"] for entry in entries]


def queue() -> list[tuple[str, dict[str, int], int]]:
    reviews = administer("list_reports").body["reviews"]
    return [(each["picture"]["picture_id"], each["reports"], len(each["statements"])) for each in reviews]


def own(maker: str = "maker-1") -> list[tuple[str, str | None]]:
    pictures = call("list_own_pictures", maker=maker).body["pictures"]
    return [(each["state"], each.get("takedown", {}).get("reason")) for each in pictures]


def popular() -> list[str]:
    return [each["picture_id"] for each in visit("list_pictures", sort="popular").body["pictures"]]


def make_snapshot() -> None:
    PopularTable(client=clients.dynamodb(), table=GALLERY_RECORDS).make_snapshot(Ranking())


def audited(maker: str = "maker-1") -> list[str]:
    items = clients.dynamodb().query(
        TableName=ACCOUNTS,
        KeyConditionExpression="maker = :maker AND begins_with(#item, :audit)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":maker": {"S": maker}, ":audit": {"S": "audit#"}},
    )["Items"]
    return [item["action"]["S"] for item in items]


def test_a_maker_reports_a_picture_once_and_the_worst_are_first() -> None:
    mild, bad = (publish(a_job()).body["picture_id"] for _ in range(2))

    first = ask("report_picture", mild, reason="spam", words="an advertisement")
    again = ask("report_picture", mild, reason="hate")
    ask("report_picture", mild, "maker-3", reason="spam")
    ask("report_picture", bad, reason="violence")

    assert first.body == again.body
    assert queue() == [(bad, {"violence": 1}, 1), (mild, {"spam": 2}, 2)]


def test_the_queue_has_pages() -> None:
    pictures = [publish(a_job()).body["picture_id"] for _ in range(3)]
    for picture_id in pictures:
        ask("report_picture", picture_id, reason="hate")

    found, cursor = [], None
    while cursor != "":
        page = administer("list_reports", query={"limit": "1", **({"cursor": cursor} if cursor else {})}).body
        found += [each["picture"]["picture_id"] for each in page["reviews"]]
        cursor = page.get("next_cursor", "")

    assert sorted(found) == sorted(pictures)


def test_a_picture_that_is_taken_down_is_hidden_everywhere_immediately(bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    ask("report_picture", picture_id, reason="copyright")
    make_snapshot()
    assert popular() == [picture_id]

    taken = take_down(picture_id)

    assert (taken.status, taken.body["state"], taken.body["takedown"]["words"]) == (200, "taken_down", "a brand's sign")
    assert listed() == listed(tool="picture") == listed(tag="apple") == popular() == []
    assert visit("read_picture", {"picture_id": picture_id}).status == 404
    assert ask("like_picture", picture_id).status == ask("report_picture", picture_id, reason="spam").status == 404
    assert queue() == []
    assert own() == [("taken_down", "copyright")]
    assert follow(bus) == ["PictureShown", "PictureHidden"]
    assert all(key.startswith("hidden/pictures/") for key in stored())
    assert len(stored()) == 2
    # Only its maker and administrators get links to them.
    thumbnail = urlsplit(call("list_own_pictures").body["pictures"][0]["thumbnail_url"])
    assert any(thumbnail.path.endswith(f"/{key}") for key in stored())
    assert "Signature=" in thumbnail.query
    assert audited() == ["take picture down"]


def test_a_restored_picture_is_where_it_was_with_files_of_another_url(bus: Bus) -> None:
    older, newer = (publish(a_job()).body["picture_id"] for _ in range(2))
    before = stored()
    take_down(older)
    follow(bus)

    restored = administer("restore_picture", older)

    assert restored.body["state"] == "public"
    assert listed() == [newer, older]
    assert own() == [("public", None)] * 2
    assert follow(bus)[-2:] == ["PictureHidden", "PictureShown"]
    after = stored()
    assert len(after) == 4
    assert len(after & before) == 2
    assert not any(key.startswith("hidden/") for key in after)
    assert audited() == ["take picture down", "restore picture"]


def test_a_picture_can_be_restored_before_its_files_are_hidden(bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    take_down(picture_id)

    administer("restore_picture", picture_id)
    follow(bus)
    follow(bus)  # every change is delivered again

    assert listed() == [picture_id]
    assert len(stored()) == 2


def test_a_repeated_decision_changes_nothing_and_another_reason_replaces_the_first() -> None:
    picture_id = publish(a_job()).body["picture_id"]

    assert administer("restore_picture", picture_id).body["state"] == "public"
    first = take_down(picture_id).body
    assert take_down(picture_id).body["takedown"] == first["takedown"]
    take_down(picture_id, "hate")

    assert own() == [("taken_down", "hate")]
    assert audited() == ["take picture down"] * 2


def test_a_maker_cannot_remove_a_takedown_by_unpublishing_or_publishing_again() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    take_down(picture_id)

    refused = [call("unpublish_picture", path={"picture_id": picture_id}), publish(job_id)]

    assert [(each.status, each.body["type"]) for each in refused] == [(409, "/problems/PictureTakenDown")] * 2
    assert ask("unpublish_picture", picture_id).status == 404  # it is not theirs


def test_a_maker_appeals_once_and_the_appeal_is_first_in_the_review() -> None:
    reported, picture_id = (publish(a_job()).body["picture_id"] for _ in range(2))
    ask("report_picture", reported, reason="hate")
    early = ask("appeal_takedown", picture_id, "maker-1", words="It is mine.")
    take_down(picture_id)

    answers = [
        ask("appeal_takedown", picture_id, "maker-1", words=words) for words in ("It is mine.",) * 2 + ("Please",)
    ]
    stranger = ask("appeal_takedown", picture_id, words="Let me")

    nowhere = ask("appeal_takedown", "a" * 26, words="Let me")
    assert [each.status for each in (early, *answers, stranger)] == [409, 200, 200, 409, 404]
    assert nowhere.body["detail"].replace("a" * 26, picture_id) == stranger.body["detail"]
    assert answers[1].body["appeal"]["words"] == "It is mine."
    assert [each[0] for each in queue()] == [picture_id, reported]

    dismissed = administer("dismiss_reports", picture_id).body

    assert dismissed["state"] == "taken_down"
    assert "dismissed_at" in dismissed["appeal"]
    assert [each[0] for each in queue()] == [reported]
    # A new takedown is a new matter.
    administer("restore_picture", picture_id)
    take_down(picture_id)
    assert ask("appeal_takedown", picture_id, "maker-1", words="Again").status == 200


def test_a_takedown_for_another_reason_can_be_appealed_again() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    take_down(picture_id)
    ask("appeal_takedown", picture_id, "maker-1", words="It is mine.")

    assert "appeal" not in take_down(picture_id, reason="hate").body
    again = ask("appeal_takedown", picture_id, "maker-1", words="It is a flower.")

    assert (again.status, [each[0] for each in queue()]) == (200, [picture_id])
    first, second = (administer("dismiss_reports", picture_id).body["appeal"] for _ in range(2))
    assert first == second


def test_dismissed_reports_are_closed_until_another_maker_reports() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    ask("report_picture", picture_id, reason="spam")

    administer("dismiss_reports", picture_id)

    assert queue() == []
    assert listed() == [picture_id]
    ask("report_picture", picture_id, reason="spam")
    assert queue() == []
    ask("report_picture", picture_id, "maker-3", reason="other")
    assert queue() == [(picture_id, {"other": 1}, 2)]
    assert audited() == ["dismiss reports"]


def test_pictures_of_a_suspended_maker_are_hidden_and_come_back(bus: Bus) -> None:
    job_id = a_job()
    mine, taken, other = publish(job_id), publish(a_job()), publish(a_job("maker-2"), maker="maker-2")
    ids = [each.body["picture_id"] for each in (mine, taken, other)]
    take_down(ids[1])
    make_snapshot()

    suspend("maker-1", "abuse")
    assert popular() == [ids[2]]
    follow(bus)

    assert listed() == [ids[2]]
    assert own() == [("taken_down", "copyright"), ("suspended", None)]
    follow(bus)
    assert len([key for key in stored() if key.startswith("hidden/")]) == 4
    administer("restore_picture", ids[1])
    assert listed() == [ids[2]]  # it stays hidden while its maker is suspended

    suspend("maker-1", None)
    follow(bus)

    assert listed() == [ids[2], ids[1], ids[0]]
    follow(bus)
    assert not [key for key in stored() if key.startswith("hidden/")]


def test_a_suspension_that_a_newer_decision_has_overtaken_changes_nothing(bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    suspend("maker-1", "abuse")
    [standing] = read_changes("standing")
    at = standing["dynamodb"]["NewImage"]["changed_at"]["S"]
    suspend("maker-1", None)

    apply_standing.handler({"detail": {"maker": "maker-1", "changed_at": at}}, Context())

    assert listed() == [picture_id]


def test_nothing_is_published_by_a_request_that_a_suspension_overtakes(monkeypatch: pytest.MonkeyPatch) -> None:
    account()
    job_id = a_job()
    monkeypatch.setattr("lambdas.wiring.accounts.Accounts.check_active", lambda accounts, maker: None)
    suspend("maker-1", "abuse")

    assert publish(job_id).body["type"] == "/problems/AccountSuspended"
    assert listed() == []


def overtaken(monkeypatch: pytest.MonkeyPatch, name: str, meanwhile: Callable[[], Any]) -> None:
    """The first write of this name finds that `meanwhile` happened after the picture was read."""
    write, calls = getattr(KeptTable, name), []

    def late(table: KeptTable, *parts: Any) -> Any:
        calls.append(name)
        if len(calls) == 1:
            meanwhile()
        return write(table, *parts)

    monkeypatch.setattr(KeptTable, name, late)


def test_a_takedown_hides_a_picture_that_is_unpublished_and_published_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]

    def publish_again() -> None:
        call("unpublish_picture", path={"picture_id": picture_id})
        publish(job_id, title="Green apple")

    overtaken(monkeypatch, "hide", publish_again)

    assert take_down(picture_id).body["title"] == "Green apple"
    assert listed() == []
    assert audited() == ["take picture down"]


def test_two_restorations_at_once_leave_one_set_of_files(monkeypatch: pytest.MonkeyPatch, bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    take_down(picture_id)
    overtaken(monkeypatch, "show", lambda: administer("restore_picture", picture_id))

    administer("restore_picture", picture_id)
    follow(bus)

    assert listed() == [picture_id]
    assert len(stored()) == 2
    assert audited().count("restore picture") == 1


def test_own_pictures_have_pages() -> None:
    ids = [publish(a_job()).body["picture_id"] for _ in range(3)]
    page = call("list_own_pictures", query={"limit": "2"}).body
    rest = call("list_own_pictures", query={"limit": "2", "cursor": page["next_cursor"]}).body

    assert [each["picture_id"] for each in page["pictures"] + rest["pictures"]] == ids[::-1]
    assert "next_cursor" not in rest
    assert datetime.fromisoformat(rest["pictures"][0]["published_at"]) < datetime.now(UTC)
