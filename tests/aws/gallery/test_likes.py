"""Likes, and the popular pictures that follow from them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.likes_table import COUNT, LikesTable
from craftspark.aws.gallery.popular_table import PopularTable
from craftspark.gallery.popular import LIFE, Ranking, rank_of, score_of
from lambdas.sum_likes import handler as sum_likes
from tests.aws.api import Answer, Context, call
from tests.aws.conftest import GALLERY_RECORDS
from tests.aws.gallery.test_gallery import a_job, publish, visit
from tests.aws.gallery.test_gallery_lists import a_picture
from tests.aws.streams import read_changes

pytestmark = pytest.mark.usefixtures("all_settings")

NOW = datetime(2026, 12, 30, 12, tzinfo=UTC)
ALL = Ranking()


def react(function: str, picture_id: str, maker: str = "maker-2") -> Answer:
    return call(function, maker=maker, path={"picture_id": picture_id})


def likes() -> LikesTable:
    return LikesTable(client=clients.dynamodb(), table=GALLERY_RECORDS)


def table() -> GalleryTable:
    return GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS)


def popular(now: datetime, copy: int = 0) -> PopularTable:
    return PopularTable(
        client=clients.dynamodb(), table=GALLERY_RECORDS, now=lambda: now, choose=lambda copies: copy % copies
    )


def sum_up() -> None:
    sum_likes.handler({"Records": read_changes(COUNT)}, Context())


def shown_likes(picture_id: str) -> int:
    found: int = visit("read_picture", {"picture_id": picture_id}).body["likes"]
    return found


def walk(ranking: Ranking, now: datetime, limit: int = 2) -> Iterator[list[str]]:
    """The pages of a ranking, each read from another copy."""
    after, copy = None, 0
    while True:
        pictures, after = popular(now, copy).page(ranking, limit, after)
        yield [picture.title for picture in pictures]
        if after is None:
            return
        copy += 1


def test_a_like_counts_once_however_often_it_is_sent() -> None:
    picture_id = publish(a_job()).body["picture_id"]

    answers = [react("like_picture", picture_id, maker).body for maker in ("maker-2", "maker-2", "maker-3")]
    sum_up()
    sum_up()

    assert answers == [{"liked": True, "likes": likes} for likes in (1, 1, 2)]
    assert shown_likes(picture_id) == 2
    assert react("read_like", picture_id, "maker-4").body == {"liked": False, "likes": 2}


def test_a_like_is_taken_back_once() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    react("like_picture", picture_id)

    answers = [react("unlike_picture", picture_id).body for _ in range(2)]
    sum_up()

    assert answers == [{"liked": False, "likes": 0}] * 2
    assert shown_likes(picture_id) == 0


def test_likes_are_for_public_pictures_only() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    call("unpublish_picture", path={"picture_id": picture_id})

    for function in ("read_like", "like_picture", "unlike_picture"):
        assert react(function, picture_id).status == 404


def test_a_picture_that_is_taken_back_under_a_like_has_it_again_when_it_is_published_again() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    call("unpublish_picture", path={"picture_id": picture_id})
    likes().add(picture_id, "maker-2")  # its check was before the picture was taken back
    sum_up()

    publish(job_id)

    assert shown_likes(picture_id) == 1
    assert react("unlike_picture", picture_id).body["likes"] == 0


def test_a_sum_that_comes_late_does_not_replace_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    react("like_picture", picture_id)
    old = likes()._sum(picture_id)
    for maker in ("maker-3", "maker-4"):
        react("like_picture", picture_id, maker)
    sum_up()

    with monkeypatch.context() as patched:
        patched.setattr(LikesTable, "_sum", lambda self, picture: old)
        likes().sum_up(picture_id)

    assert shown_likes(picture_id) == 3
    assert [title for page in walk_now() for title in page] == ["Red apple"]


def walk_now() -> Iterator[list[str]]:
    now = datetime.now(UTC)
    popular(now).make_snapshot(ALL)
    return walk(ALL, now)


def test_the_most_liked_pictures_of_recent_times_are_popular() -> None:
    """Two days newer is as good as twice the likes. Only the rank of a picture changes its row."""
    pictures = {number: a_picture(number, NOW - timedelta(days=number)) for number in range(4)}
    for picture in pictures.values():
        table().add(picture)
    for maker in range(7):
        likes().add(pictures[3].picture_id, f"fan-{maker}")
    sum_up()

    popular(NOW).make_snapshot(ALL)
    popular(NOW).make_snapshot(Ranking("pattern"))

    assert list(walk(ALL, NOW)) == [["Number 3", "Number 0"], ["Number 1", "Number 2"]]
    assert list(walk(Ranking("pattern"), NOW)) == [["Number 3", "Number 1"]]
    assert rank_of(7) == 3
    assert score_of(1, NOW) == score_of(0, NOW + timedelta(days=2))


def test_a_walk_keeps_its_generation_while_pictures_gain_likes() -> None:
    pictures = [a_picture(number, NOW - timedelta(minutes=number)) for number in range(5)]
    for picture in pictures:
        table().add(picture)
    popular(NOW).make_snapshot(ALL)
    pages = walk(ALL, NOW)
    first = next(pages)

    for maker in range(3):
        likes().add(pictures[4].picture_id, f"fan-{maker}")
    sum_up()
    popular(NOW + timedelta(minutes=1)).make_snapshot(ALL)

    assert first + [title for page in pages for title in page] == [f"Number {number}" for number in range(5)]
    assert next(walk(ALL, NOW)) == ["Number 4", "Number 0"]


def test_a_picture_that_is_taken_back_leaves_the_snapshots_at_once() -> None:
    pictures = [a_picture(number, NOW - timedelta(minutes=number)) for number in range(3)]
    for picture in pictures:
        table().add(picture)
    popular(NOW).make_snapshot(ALL)
    at_once = GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS, now=lambda: NOW + timedelta(seconds=9))

    at_once.remove(pictures[1])

    assert list(walk(ALL, NOW)) == [["Number 0"], ["Number 2"]]
    # Published again, it is in the next generation.
    table().add(a_picture(1, NOW + timedelta(seconds=30)))
    popular(NOW + timedelta(minutes=1)).make_snapshot(ALL)
    assert next(walk(ALL, NOW + timedelta(minutes=1))) == ["Number 1", "Number 0"]


def test_a_snapshot_is_made_when_something_changed_or_the_last_one_grows_old() -> None:
    table().add(a_picture(1, NOW))
    minutes = (0, 1, 2, 40)
    made = [popular(NOW + timedelta(minutes=minute)).make_snapshot(ALL) for minute in minutes]
    table().add(a_picture(2, NOW))

    assert made == [True, False, False, True]
    assert popular(NOW + timedelta(minutes=41)).make_snapshot(ALL)
    # A slower function of the minute before does not replace it.
    popular(NOW + timedelta(minutes=30)).make_snapshot(ALL)
    assert len(next(walk(ALL, NOW + timedelta(minutes=41)))) == 2


def test_a_picture_that_is_public_again_is_listed_by_the_next_generation() -> None:
    """A snapshot of the seconds in between has the picture, and the readers leave it out of that snapshot."""
    picture = a_picture(1, NOW)
    table().add(picture)
    GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS, now=lambda: NOW).remove(picture)
    table().add(picture)

    seen = []
    for later_s in (1, 60, 120):
        now = NOW + timedelta(seconds=later_s)
        made = popular(now).make_snapshot(ALL)
        seen.append((made, next(walk(ALL, now))))

    assert seen == [(True, []), (True, ["Number 1"]), (False, ["Number 1"])]


def test_what_was_hidden_is_forgotten_when_no_walk_shows_it() -> None:
    picture = a_picture(1, NOW)
    table().add(picture)
    at_once = GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS, now=lambda: NOW)
    at_once.remove(picture)

    left = []
    for later in (LIFE, LIFE + timedelta(minutes=1)):
        popular(NOW + later).forget_hidden()
        items = clients.dynamodb().scan(TableName=GALLERY_RECORDS)["Items"]
        left.append(len([item for item in items if item["key"]["S"] == "popular"]))

    assert left == [1, 0]


def test_a_cursor_of_popular_pictures_ends_with_its_generation() -> None:
    for number in range(3):
        table().add(a_picture(number, NOW))
    popular(NOW).make_snapshot(ALL)
    _, after = popular(NOW).page(ALL, 1, None)

    assert popular(NOW + LIFE).page(ALL, 1, after)[0]
    with pytest.raises(Exception, match="remove it to start from the first page"):
        popular(NOW + LIFE + timedelta(seconds=1)).page(ALL, 1, after)


def test_popular_pictures_are_listed_for_all_tools_or_one() -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    publish(a_job())
    assert visit("list_pictures", sort="popular").body == {"pictures": []}
    for ranking in (ALL, Ranking("picture")):
        popular(datetime.now(UTC)).make_snapshot(ranking)

    page = visit("list_pictures", sort="popular", limit="1", tool="picture").body
    rest = visit("list_pictures", sort="popular", limit="1", tool="picture", cursor=page["next_cursor"]).body

    assert picture_id in {each["picture_id"] for each in page["pictures"] + rest["pictures"]}
    assert len(page["pictures"]) == len(rest["pictures"]) == 1
    wrong: list[dict[str, str]] = [
        {"sort": "best"},
        {"sort": "popular", "tag": "apple"},
        {"sort": "popular", "author": "a" * 26},
        {"sort": "popular", "cursor": page["next_cursor"]},
        {"sort": "newest", "tool": "picture", "cursor": page["next_cursor"]},
    ]
    refused = [visit("list_pictures", **query) for query in wrong]
    assert [(each.status, each.body["field"]) for each in refused] == [(422, "sort")] * 3 + [(422, "cursor")] * 2
