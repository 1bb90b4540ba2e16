"""Uploads, from the form to the source of a job."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from craftspark.aws import clients
from craftspark.aws.pictures.upload_table import UploadTable
from craftspark.clock import utc_now
from craftspark.errors import AccountContended, TooManyOpenUploads, TooManyRequests
from craftspark.uploads import MAX_UPLOAD_BYTES, Upload, incoming_key, upload_key, upload_thumbnail_key
from tests.aws.api import Answer, account, call, read, settle, store, submit
from tests.aws.conftest import ACCOUNTS, SMALL, UPLOAD_RECORDS, UPLOADS, client_of

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def a_png(colour: str = "red", mode: str = "RGB", size: tuple[int, int] = (40, 32)) -> bytes:
    into = io.BytesIO()
    Image.new(mode, size, colour).save(into, "PNG")
    return into.getvalue()


def stored(key: str) -> Any:
    """A picture in the bucket of uploads."""
    return Image.open(io.BytesIO(client_of("s3").get_object(Bucket=UPLOADS, Key=key)["Body"].read()))


def key_in(url: str) -> str:
    """The key of the object that a link leads to."""
    return unquote(urlsplit(url).path).removeprefix(f"/{UPLOADS}").removeprefix("/")


def create(maker: str = "maker-1", *, key: str = "u", **body: Any) -> Answer:
    return call(
        "create_upload", maker=maker, body={"content_type": "image/png", **body}, headers={"idempotency-key": key}
    )


def check(upload_id: str, maker: str = "maker-1") -> Answer:
    return call("check_upload", maker=maker, path={"upload_id": upload_id})


def bring(content: bytes, maker: str = "maker-1", *, key: str = "u") -> str:
    """Put the object that a browser posted."""
    upload_id: str = create(maker, key=key).body["upload_id"]
    client_of("s3").put_object(Bucket=UPLOADS, Key=incoming_key(maker, upload_id), Body=content)
    return upload_id


def ask(tool: str, maker: str = "maker-1", **fields: Any) -> Answer:
    return call("submit_job", maker=maker, path={"tool": tool}, body=fields)


def test_a_form_limits_type_and_size_and_is_the_same_for_the_same_key() -> None:
    first, again = create(), create()

    assert first.status == 201
    assert first.body["upload_id"] == again.body["upload_id"]
    assert first.body["fields"]["Content-Type"] == "image/png"
    assert first.body["fields"]["key"].startswith("incoming/")
    assert first.body["largest_bytes"] == MAX_UPLOAD_BYTES
    assert create("maker-2").body["upload_id"] != first.body["upload_id"]


@pytest.mark.parametrize(("body", "field"), [({"content_type": "image/gif"}, "content_type"), ({"size": 1}, "size")])
def test_another_type_is_refused(body: dict[str, Any], field: str) -> None:
    refused = create(**body)

    assert (refused.status, refused.body["field"]) == (422, field)


def test_a_checked_upload_is_a_source_with_its_own_size() -> None:
    upload_id = bring(a_png())

    upload = check(upload_id).body

    assert (upload["width"], upload["height"], upload["alpha"]) == (40, 32, False)
    accepted = ask("upscale", source=upload["source"], factor=4)
    assert accepted.status == 202
    assert accepted.body["request"]["source"] == upload["source"]


def test_a_checked_upload_has_links_to_it_and_to_a_thumbnail_that_end_with_it() -> None:
    upload_id = bring(a_png("#ff000080", "RGBA", (600, 300)))

    checked = check(upload_id).body
    [listed_upload] = listed()["uploads"]

    for upload in (checked, listed_upload):
        picture, thumbnail = (stored(key_in(upload[name])) for name in ("url", "thumbnail_url"))
        assert (picture.format, picture.size) == ("PNG", (600, 300))
        assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("WEBP", "RGBA", (256, 128))
    assert objects("pictures/") == sorted(key_in(checked[name]) for name in ("url", "thumbnail_url"))
    create(key="open")
    assert not {"url", "thumbnail_url"} & set(listed()["uploads"][0])


def test_a_check_after_one_that_was_interrupted_adds_the_thumbnail(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = bring(a_png())
    client, put = clients.s3(), clients.s3().put_object

    def put_pictures_only(**arguments: Any) -> Any:
        if arguments["Key"].endswith(".webp"):
            raise TimeoutError
        return put(**arguments)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(client, "put_object", put_pictures_only)
        with pytest.raises(TimeoutError):
            check(upload_id)

    assert stored(key_in(check(upload_id).body["thumbnail_url"])).size == (40, 32)


def test_a_checked_upload_never_changes() -> None:
    upload_id = bring(a_png())
    check(upload_id)
    bring(a_png("blue", "RGBA"))

    assert check(upload_id).body["alpha"] is False
    assert stored(upload_key("maker-1", upload_id)).getpixel((0, 0)) == (255, 0, 0)


def test_the_first_of_two_concurrent_checks_decides_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = bring(a_png())
    client = clients.s3()
    put = client.put_object
    key = upload_key("maker-1", upload_id)

    def put_after_another(**arguments: Any) -> Any:
        if arguments["Key"] == key:
            put(Bucket=UPLOADS, Key=key, Body=a_png("blue", size=(64, 20)))
        return put(**arguments)

    monkeypatch.setattr(client, "put_object", put_after_another)
    checked = check(upload_id).body

    assert (checked["width"], checked["height"]) == (64, 20)
    for name in (key, upload_thumbnail_key("maker-1", upload_id)):
        red, _, blue = stored(name).convert("RGB").getpixel((0, 0))
        assert blue > 200 > red


def test_a_file_that_is_not_a_picture_is_rejected_and_deleted() -> None:
    upload_id = bring(b"<svg/>")

    refused = check(upload_id)

    assert (refused.status, refused.body["field"]) == (422, "upload")
    with pytest.raises(ClientError):
        client_of("s3").head_object(Bucket=UPLOADS, Key=upload_key("maker-1", upload_id))


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    refused = check(bring(bytes(MAX_UPLOAD_BYTES + 1)))

    assert (refused.status, refused.body["field"]) == (422, "upload")
    assert "bytes" in refused.body["detail"]


def test_an_upload_without_a_file_or_of_another_maker_is_not_found() -> None:
    waiting = create().body["upload_id"]
    theirs = bring(a_png(), "maker-2")

    for upload_id in (waiting, theirs, "not-an-id"):
        answer = check(upload_id)
        assert (answer.status, answer.body["type"]) == (404, "/problems/UploadNotFound")


def test_another_maker_s_picture_is_rejected_like_a_missing_one() -> None:
    theirs = bring(a_png(), "maker-2")
    check(theirs, "maker-2")
    job_id = submit(maker="maker-2", count=1).body["job_id"]
    store(job_id, 0)

    details = set()
    for reference in (f"upload/{theirs}", f"upload/{'b' * 26}", f"{job_id}/0", f"{'b' * 26}/0"):
        refused = ask("upscale", source=reference)
        assert (refused.status, refused.body["field"]) == (422, "source")
        details.add(refused.body["detail"].replace(reference, "REFERENCE"))
    assert len(details) == 1
    assert account()["reserved"] == 0


def test_a_maker_s_stored_image_is_a_source() -> None:
    job_id = submit(count=2).body["job_id"]
    store(job_id, 0)

    assert ask("variations", source=f"{job_id}/0", count=1).status == 202
    assert ask("variations", source=f"{job_id}/1", count=1).body["field"] == "source"
    assert read(job_id).body["images"][0]["state"] == "done"


def test_each_of_several_sources_must_be_the_maker_s_own_and_is_named() -> None:
    job_id = submit(count=2).body["job_id"]
    store(job_id, 0, alpha=True)
    upload_id = bring(a_png())
    check(upload_id)
    solid, own, missing = (f"upload/{upload_id}", f"{job_id}/0", f"{job_id}/1")

    def sheet(*references: str) -> Answer:
        return ask("sticker-sheet", stickers=[{"source": reference} for reference in references])

    assert sheet(own, own).status == 202
    assert sheet(own, missing).body["field"] == "stickers.1.source"
    assert sheet(own, missing, solid).body["field"] == "stickers.1.source"
    assert "cutout" in sheet(own, solid).body["detail"]
    assert sheet(own, solid).body["field"] == "stickers.1.source"
    assert ask("sticker-sheet", maker="maker-2", stickers=[{"source": own}]).body["field"] == "stickers.0.source"


def test_an_object_that_is_too_high_for_a_page_is_refused_before_credits_are_reserved() -> None:
    job_id = submit(count=1).body["job_id"]
    store(job_id, 0, alpha=True, object_aspect=4.0)
    settle(job_id)

    refused = ask("sticker-sheet", stickers=[{"source": f"{job_id}/0", "width_mm": 80}])

    assert (refused.status, refused.body["field"]) == (422, "stickers.0.width_mm")
    assert "84 x 324 mm" in refused.body["detail"]
    assert account()["reserved"] == 0
    assert ask("sticker-sheet", stickers=[{"source": f"{job_id}/0", "width_mm": 60}]).status == 202


def test_a_picture_that_expires_before_the_deadline_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAFTSPARK_UPLOADS_KEPT_DAYS", "0")
    upload_id = bring(a_png())
    check(upload_id)

    assert ask("upscale", source=f"upload/{upload_id}").body["field"] == "source"


def listed(maker: str = "maker-1", **query: str) -> Any:
    return call("list_uploads", maker=maker, query=query).body


def test_uploads_are_listed_newest_first_page_by_page_and_each_maker_s_own() -> None:
    ids = [create(key=str(number)).body["upload_id"] for number in range(3)]
    client_of("s3").put_object(Bucket=UPLOADS, Key=incoming_key("maker-1", ids[1]), Body=a_png())
    ready = check(ids[1]).body
    create("maker-2")

    first = listed(limit="2")
    second = listed(limit="2", cursor=first["next_cursor"])

    assert [each["upload_id"] for each in first["uploads"] + second["uploads"]] == ids[::-1]
    assert [each["state"] for each in first["uploads"]] == ["open", "ready"]
    for name in ready:
        found, was = (
            each[name].partition("?")[0] if "url" in name else each[name] for each in (first["uploads"][1], ready)
        )
        assert found == was  # a link can be signed again meanwhile
    assert "next_cursor" not in second
    assert len(listed("maker-2")["uploads"]) == 1
    assert listed("maker-3") == {"uploads": []}


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"cursor": "\ud800"}, {"limit": "9" * 5000}, {"limit": "0"}])
def test_invalid_parameters_of_a_list_are_named(query: dict[str, str]) -> None:
    refused = call("list_uploads", query=query)

    assert (refused.status, refused.body["field"]) == (422, next(iter(query)))


def objects(prefix: str = "") -> list[str]:
    found = client_of("s3").list_objects_v2(Bucket=UPLOADS, Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


def delete(upload_id: str, maker: str = "maker-1") -> int:
    return call("delete_upload", maker=maker, path={"upload_id": upload_id}).status


def test_a_deleted_upload_has_no_files_and_is_not_a_source() -> None:
    upload_id = bring(a_png())
    check(upload_id)

    assert delete(upload_id, "maker-2") == 404
    assert delete("b" * 26) == 404
    assert len(objects()) == 3
    assert delete(upload_id) == 204

    assert objects() == []
    assert listed() == {"uploads": []}
    assert ask("upscale", source=f"upload/{upload_id}").body["field"] == "source"
    assert (check(upload_id).status, delete(upload_id)) == (404, 404)
    assert create().status == 409  # its key allows no other upload


def test_an_upload_that_is_deleted_during_its_check_leaves_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = bring(a_png())
    client = clients.s3()
    put = client.put_object

    def put_after_a_deletion(**arguments: Any) -> Any:
        delete(upload_id)
        return put(**arguments)

    monkeypatch.setattr(client, "put_object", put_after_a_deletion)

    assert check(upload_id).status == 404
    assert objects() == []


def test_a_partial_deletion_can_be_repeated() -> None:
    upload_id = bring(a_png())
    client_of("s3").delete_object(Bucket=UPLOADS, Key=incoming_key("maker-1", upload_id))

    assert check(upload_id).status == 404
    assert delete(upload_id) == 204


def test_the_plan_limits_open_uploads_and_a_check_or_a_deletion_releases_one() -> None:
    most = SMALL.open_uploads
    ids = [create(key=str(number)).body["upload_id"] for number in range(most)]

    refused = create(key="more")
    assert (refused.status, refused.body["type"]) == (429, "/problems/TooManyOpenUploads")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert create(key="0").body["upload_id"] == ids[0]
    assert create("maker-2", key="more").status == 201
    assert delete(ids[0]) == 204
    assert create(key="more").status == 201
    assert create(key="and more").status == 429
    client_of("s3").put_object(Bucket=UPLOADS, Key=incoming_key("maker-1", ids[1]), Body=a_png())
    assert check(ids[1]).status == 200
    assert create(key="and more").status == 201


def test_concurrent_requests_do_not_exceed_the_limit_of_open_uploads() -> None:
    table = UploadTable(client=clients.dynamodb(), table=UPLOAD_RECORDS)
    now = utc_now()

    def open_one(number: int) -> bool:
        upload = Upload(upload_id=f"u{number}", created_at=now, expires_at=now + timedelta(hours=1))
        try:
            table.open("maker-1", upload, max_open=3)
        except (TooManyOpenUploads, AccountContended):
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        opened = sum(threads.map(open_one, range(16)))

    assert 1 <= opened <= 3
    assert len(table.page("maker-1", 100, None)[0]) == opened


def test_the_plan_limits_checks_per_minute() -> None:
    clock = [datetime(2030, 1, 1, 12, 0, 50, tzinfo=UTC)]
    table = UploadTable(client=clients.dynamodb(), table=UPLOAD_RECORDS, now=lambda: clock[0])

    for _ in range(3):
        table.count_check("maker-1", max_per_minute=3)
    with pytest.raises(TooManyRequests) as refused:
        table.count_check("maker-1", max_per_minute=3)
    assert refused.value.facts["retry_after_s"] == 10
    table.count_check("maker-2", max_per_minute=3)
    clock[0] += timedelta(seconds=10)
    table.count_check("maker-1", max_per_minute=3)


def test_a_suspended_maker_can_only_delete_uploads() -> None:
    upload_id = bring(a_png())
    submit(count=1)
    clients.dynamodb().update_item(
        TableName=ACCOUNTS,
        Key={"maker": {"S": "maker-1"}, "item": {"S": "account"}},
        UpdateExpression="SET suspended = :why",
        ExpressionAttributeValues={":why": {"S": "spam"}},
    )

    for refused in (create(key="new"), check(upload_id)):
        assert (refused.status, refused.body["type"]) == (403, "/problems/AccountSuspended")
    assert delete(upload_id) == 204


def test_an_upload_is_read_up_to_its_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = bring(a_png())
    client = clients.s3()
    stream = io.BytesIO(bytes(MAX_UPLOAD_BYTES + 100))
    monkeypatch.setattr(client, "get_object", lambda **_: {"ContentLength": 10, "Body": stream})

    refused = check(upload_id)

    assert (refused.status, refused.body["field"]) == (422, "upload")
    assert stream.tell() == MAX_UPLOAD_BYTES + 1
