"""The likes that lists show: a number in each row, which is written again in steps."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.items import number, text
from craftspark.aws.transactions import transact
from craftspark.gallery.likes import shown_of
from tests.aws.api import call
from tests.aws.conftest import GALLERY_RECORDS
from tests.aws.gallery.test_curation import administer, take_down
from tests.aws.gallery.test_gallery import a_job, publish, visit
from tests.aws.gallery.test_likes import ALL, NOW, likes, popular
from tests.aws.gallery.test_remixes import a_remix

pytestmark = pytest.mark.usefixtures("all_settings")
ROOT = Path(__file__).parents[3]
TRANSACT = "craftspark.aws.gallery.likes_table.transact"


def like(picture_id: str, count: int) -> None:
    """Let so many makers like a picture, as one counter has it, and sum up."""
    key = {"key": text(f"likes#{picture_id}#0"), "item": text("count")}
    counts = {"likes": number(count), "changes": number(count)}
    clients.dynamodb().put_item(TableName=GALLERY_RECORDS, Item={**key, **counts})
    likes().sum_up(picture_id)


def listed(**query: str) -> list[int]:
    return [each["likes"] for each in visit("list_pictures", **query).body["pictures"]]


@pytest.mark.parametrize(
    ("likes", "shown"),
    [(-1, 0), (0, 0), (9, 9), (10, 10), (11, 10), (19, 15), (99, 80), (100, 100), (149, 120), (1234, 1200)],
)
def test_from_ten_on_the_number_is_rounded_down(likes: int, shown: int) -> None:
    assert shown_of(likes) == shown


def test_each_list_shows_the_likes_of_a_picture() -> None:
    published = publish(a_job()).body
    like(published["picture_id"], 13)
    popular(NOW).make_snapshot(ALL)
    lists: list[dict[str, str]] = [{}, {"tool": "picture"}, {"tag": "apple"}, {"author": published["author"]}]

    assert [listed(**query) for query in lists] == [[12]] * 4
    assert [each.likes for each in popular(NOW).page(ALL, 24, None)[0]] == [12]
    assert [each["likes"] for each in call("list_own_pictures").body["pictures"]] == [12]
    assert visit("read_picture", {"picture_id": published["picture_id"]}).body["likes"] == 13


def test_rows_are_written_again_only_for_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    like(picture_id, 12)

    def fail(*_: Any) -> None:
        raise AssertionError("the rows are written")

    with monkeypatch.context() as patched:
        patched.setattr(TRANSACT, fail)
        like(picture_id, 14)
    like(picture_id, 15)

    assert listed() == [15]


def test_a_sum_and_another_number_take_the_units_that_the_document_says() -> None:
    """Each item has less than 1 KB: a read takes 1 unit and a write in a transaction takes 2."""
    reads, writes = [], []
    plain = publish(a_job(), tags=[]).body["picture_id"]
    like(plain, 12)
    remix = a_remix(plain, tags=list("abcde")).body["picture_id"]
    events = clients.dynamodb().meta.events

    def note(params: Any, model: Any, **_: Any) -> None:
        if model.name == "BatchGetItem":
            reads.append(len(params["RequestItems"][GALLERY_RECORDS]["Keys"]))
        elif model.name == "TransactWriteItems":
            writes.append(2 * len(params["TransactItems"]))

    events.register("before-parameter-build.dynamodb", note)
    like(plain, 15)  # of the same rank
    like(remix, 1)  # of another rank
    events.unregister("before-parameter-build.dynamodb", note)

    document = (ROOT / "docs/gallery.md").read_text()
    assert f"its last sum: {sum(reads) // 2} read units and 1 write unit" in document
    assert f"Another number in lists takes {writes[0]} to {writes[1]} write units" in document


def test_the_snapshot_follows_the_likes() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    popular(NOW).make_snapshot(ALL)
    like(picture_id, 1)

    minutes = [popular(NOW + timedelta(minutes=minute)).make_snapshot(ALL) for minute in (1, 2)]

    assert minutes == [True, False]


def test_a_picture_that_is_taken_back_while_its_likes_are_summed_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    picture_id = publish(a_job()).body["picture_id"]

    def write_after_a_removal(*writes: Any) -> None:
        call("unpublish_picture", path={"picture_id": picture_id})
        transact(*writes)

    with monkeypatch.context() as patched:
        patched.setattr(TRANSACT, write_after_a_removal)
        like(picture_id, 3)

    assert [listed(), listed(tool="picture"), listed(tag="apple")] == [[], [], []]
    items = clients.dynamodb().scan(TableName=GALLERY_RECORDS)["Items"]
    assert not [item for item in items if "facts" in item]


def test_a_picture_that_is_public_again_shows_its_likes() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    like(picture_id, 7)

    take_down(picture_id)
    administer("restore_picture", picture_id)
    assert listed() == [7]

    call("unpublish_picture", path={"picture_id": picture_id})
    publish(job_id)
    assert listed() == [7]
