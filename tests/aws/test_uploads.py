"""Uploads from the form to a source that a job begins from."""

import io
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from craftspark.aws import clients
from craftspark.uploads import LARGEST_BYTES, incoming_key, upload_key
from tests.aws.api import Answer, account, call, read, store, submit
from tests.aws.conftest import UPLOADS

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def a_png(colour: str = "red", mode: str = "RGB") -> bytes:
    into = io.BytesIO()
    Image.new(mode, (40, 32), colour).save(into, "PNG")
    return into.getvalue()


def create(maker: str = "maker-1", **body: Any) -> Answer:
    return call(
        "create_upload", maker=maker, body={"content_type": "image/png", **body}, headers={"idempotency-key": "u"}
    )


def check(upload_id: str, maker: str = "maker-1") -> Answer:
    return call("check_upload", maker=maker, path={"upload_id": upload_id})


def bring(content: bytes, maker: str = "maker-1") -> str:
    """Put what a browser posted."""
    upload_id: str = create(maker).body["upload_id"]
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=incoming_key(maker, upload_id), Body=content)
    return upload_id


def ask(tool: str, maker: str = "maker-1", **fields: Any) -> Answer:
    return call("submit_job", maker=maker, path={"tool": tool}, body=fields)


def test_a_form_bounds_type_and_size_and_is_the_same_for_the_same_key() -> None:
    first, again = create(), create()

    assert first.status == 201
    assert first.body["upload_id"] == again.body["upload_id"]
    assert first.body["fields"]["Content-Type"] == "image/png"
    assert first.body["fields"]["key"].startswith("incoming/")
    assert first.body["largest_bytes"] == LARGEST_BYTES
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


def test_a_checked_upload_never_changes() -> None:
    upload_id = bring(a_png())
    first = check(upload_id).body
    bring(a_png("blue", "RGBA"))

    assert check(upload_id).body == first
    key = upload_key("maker-1", upload_id)
    kept = boto3.client("s3").get_object(Bucket=UPLOADS, Key=key)["Body"].read()
    assert Image.open(io.BytesIO(kept)).getpixel((0, 0)) == (255, 0, 0)


def test_of_two_checks_at_the_same_moment_the_first_one_s_picture_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = bring(a_png())
    client = clients.s3()
    head, put = client.head_object, client.put_object
    key = upload_key("maker-1", upload_id)

    def put_after_another(**arguments: Any) -> Any:
        put(Bucket=UPLOADS, Key=key, Body=a_png("blue"), Metadata={"width": "40", "height": "32", "alpha": "False"})
        return put(**arguments)

    monkeypatch.setattr(client, "put_object", put_after_another)
    assert check(upload_id).status == 200
    monkeypatch.undo()
    assert head(Bucket=UPLOADS, Key=key)
    kept = clients.s3().get_object(Bucket=UPLOADS, Key=key)["Body"].read()
    assert Image.open(io.BytesIO(kept)).getpixel((0, 0)) == (0, 0, 255)


def test_what_is_no_picture_is_refused_and_keeps_nothing() -> None:
    upload_id = bring(b"<svg/>")

    refused = check(upload_id)

    assert (refused.status, refused.body["field"]) == (422, "upload")
    with pytest.raises(ClientError):
        boto3.client("s3").head_object(Bucket=UPLOADS, Key=upload_key("maker-1", upload_id))


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    refused = check(bring(bytes(LARGEST_BYTES + 1)))

    assert (refused.status, refused.body["field"]) == (422, "upload")
    assert "bytes" in refused.body["detail"]


def test_what_was_not_sent_or_is_another_maker_s_is_not_there() -> None:
    waiting = create().body["upload_id"]
    theirs = bring(a_png(), "maker-2")

    for upload_id in (waiting, theirs, "not-an-id"):
        answer = check(upload_id)
        assert (answer.status, answer.body["type"]) == (404, "/problems/UploadNotFound")


def test_another_maker_s_picture_and_none_at_all_are_refused_alike() -> None:
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


def test_an_own_image_is_a_source_once_it_is_stored() -> None:
    job_id = submit(count=2).body["job_id"]
    store(job_id, 0)

    assert ask("variations", source=f"{job_id}/0", count=1).status == 202
    assert ask("variations", source=f"{job_id}/1", count=1).body["field"] == "source"
    assert read(job_id).body["images"][0]["state"] == "done"


def test_a_picture_that_is_deleted_before_the_job_is_done_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAFTSPARK_UPLOADS_KEPT_DAYS", "0")
    upload_id = bring(a_png())
    check(upload_id)

    assert ask("upscale", source=f"upload/{upload_id}").body["field"] == "source"
