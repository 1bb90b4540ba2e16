"""The events about pictures that become public or stop being public, and who may be shown a picture."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from craftspark.aws import clients
from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.notifications.events import Events
from craftspark.errors import EventRefused
from craftspark.gallery.events import PictureHidden
from lambdas.announce_pictures import handler as announce
from tests.aws.api import Context, call
from tests.aws.conftest import GALLERY_RECORDS
from tests.aws.gallery.test_gallery import a_job, publish
from tests.aws.streams import read_changes

pytestmark = pytest.mark.usefixtures("all_settings")


@dataclass
class Bus:
    """EventBridge. It refuses the entries with these numbers."""

    refused: tuple[int, ...] = ()
    calls: list[list[dict[str, Any]]] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls.append(Entries)
        answers = [{"ErrorCode": "Busy"} if number in self.refused else {"EventId": "e"} for number in range(10)]
        return {"FailedEntryCount": len(self.refused), "Entries": answers[: len(Entries)]}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(clients, "eventbridge", lambda: bus)
    announce.files.cache_clear()
    return bus


def announced(bus: Bus) -> list[tuple[str, str]]:
    """The events of all changes so far: their kind and the folder."""
    bus.calls.clear()
    announce.handler({"Records": read_changes("picture", "standing")}, Context())
    entries = [entry for call in bus.calls for entry in call]
    assert {entry["Source"] for entry in entries} <= {"craftspark.gallery"}
    details = [(entry["DetailType"], json.loads(entry["Detail"])) for entry in entries]
    return [(kind, detail.get("folder", detail.get("maker"))) for kind, detail in details]


def table() -> GalleryTable:
    return GalleryTable(client=clients.dynamodb(), table=GALLERY_RECORDS)


def hide(picture_id: str, *reasons: str) -> None:
    """Set why a picture is not public."""
    values: Any = {"ExpressionAttributeValues": {":reasons": {"SS": list(reasons)}}} if reasons else {}
    clients.dynamodb().update_item(
        TableName=GALLERY_RECORDS,
        Key={"key": {"S": f"picture#{picture_id}"}, "item": {"S": "picture"}},
        UpdateExpression="SET hidden_by = :reasons" if reasons else "REMOVE hidden_by",
        **values,
    )


def test_each_publication_and_its_end_is_announced_once_with_its_folder(bus: Bus) -> None:
    job_id = a_job()
    picture_id = publish(job_id).body["picture_id"]
    first = table().find(picture_id).folder
    call("unpublish_picture", path={"picture_id": picture_id})
    publish(job_id)
    second = table().find(picture_id).folder

    assert announced(bus) == [("PictureShown", first), ("PictureHidden", first), ("PictureShown", second)]


def test_a_picture_is_public_while_nothing_hides_it(bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    folder = table().find(picture_id).folder
    asked = [picture_id, picture_id, "a" * 26]

    public = [list(table().find_public(asked))]
    for reasons in (("takedown",), ("takedown", "suspension"), ()):
        hide(picture_id, *reasons)
        public.append(list(table().find_public(asked)))

    assert public == [[picture_id], [], [], [picture_id]]
    # A second reason changes nothing for visitors.
    assert announced(bus) == [("PictureShown", folder), ("PictureHidden", folder), ("PictureShown", folder)]


def test_more_pictures_than_a_call_takes_are_asked_for() -> None:
    picture_id = publish(a_job()).body["picture_id"]
    many = [f"{number:026}" for number in range(150)]

    assert list(table().find_public([*many, picture_id])) == [picture_id]


def test_a_change_that_is_not_one_of_visibility_is_no_event(bus: Bus) -> None:
    picture_id = publish(a_job()).body["picture_id"]
    folder = table().find(picture_id).folder
    clients.dynamodb().update_item(
        TableName=GALLERY_RECORDS,
        Key={"key": {"S": f"picture#{picture_id}"}, "item": {"S": "picture"}},
        UpdateExpression="SET likes_rank = :rank",
        ExpressionAttributeValues={":rank": {"N": "3"}},
    )

    assert announced(bus) == [("PictureShown", folder)]


def test_events_are_sent_ten_at_a_time_and_again_if_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    events = [PictureHidden(picture_id=f"{number}", folder="f") for number in range(13)]
    # `busy` refuses the third of a call, which is then the first and is accepted. `broken` never accepts the first.
    whole: Any = Bus()
    busy: Any = Bus(refused=(2,))
    broken: Any = Bus(refused=(0,))

    Events(client=whole).send(*events)
    with pytest.raises(EventRefused, match="Busy"):
        Events(client=broken).send(*events)
    Events(client=busy).send(*events[:10])

    assert [len(entries) for entries in whole.calls] == [10, 3]
    assert busy.calls[1] == [busy.calls[0][2]]
    # What follows is sent with the next delivery of the batch.
    assert [len(entries) for entries in broken.calls] == [10, 1, 1, 1, 1]
