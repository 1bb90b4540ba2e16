"""The files of a job: their names, their terms, and a zip that contains them."""

import io
import zipfile
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from craftspark.aws.jobs.zips import ZipBucket
from craftspark.jobs.job import StoredImage, file_key, image_key
from craftspark.jobs.zips import JobZip
from tests.aws.api import Answer, call, render_table, settle, submit
from tests.aws.conftest import IMAGES, client_of
from tests.fakes import NOON

pytestmark = pytest.mark.usefixtures("submit_settings", "read_settings")


def finished(count: int = 2, *, end: bool = True) -> str:
    """A job with a picture and a cut file for each image."""
    job_id: str = submit(count=count, prompt="red apple").body["job_id"]
    job = render_table().start(job_id).job
    for index in range(count):
        for key in (image_key(job_id, index), file_key(job_id, index, "cut.svg")):
            client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=f"content of {key}".encode())
        seed = job.seeds[index]
        image = StoredImage(index=index, width=8, height=8, render_s=0.1, stored_at=NOON, seed=seed, files=("cut.svg",))
        render_table().add(job, image)
    if end:
        settle(job_id)
    return job_id


def list_files(job_id: str) -> Answer:
    return call("list_files", path={"job_id": job_id})


def make_zip(job_id: str) -> Answer:
    return call("zip_files", path={"job_id": job_id})


def zips_of(job_id: str) -> list[str]:
    listed = client_of("s3").list_objects_v2(Bucket=IMAGES, Prefix=f"zips/{job_id}/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def open_zip(job_id: str) -> zipfile.ZipFile:
    [key] = zips_of(job_id)
    content = client_of("s3").get_object(Bucket=IMAGES, Key=key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(content))


def test_files_have_readable_names_and_terms() -> None:
    job_id = finished()

    body = list_files(job_id).body

    assert [(file["image"], file["kind"], file["name"]) for file in body["files"]] == [
        (0, "picture", "red-apple-1.png"),
        (0, "cut.svg", "red-apple-1-cut.svg"),
        (1, "picture", "red-apple-2.png"),
        (1, "cut.svg", "red-apple-2-cut.svg"),
    ]
    assert all(f'attachment; filename="{file["name"]}"' in unquote(file["url"]) for file in body["files"])
    assert body["terms"]["commercial"]
    assert "sell" in body["terms"]["usage"]
    assert "Twemoji" in body["terms"]["credit"]
    [names] = body["terms"]["credits"]
    assert "Twemoji" in names
    [licence] = body["terms"]["licences"]
    assert (licence["name"], licence["commercial"], licence["restricted"]) == ("apache-2.0", True, False)


def test_files_appear_while_the_job_is_in_progress() -> None:
    assert len(list_files(finished(end=False)).body["files"]) == 4


def test_a_zip_has_every_file_under_its_name_and_the_terms() -> None:
    job_id = finished()

    answer = make_zip(job_id)

    assert answer.status == 200
    assert answer.body["name"] == "red-apple.zip"
    assert "red-apple.zip" in unquote(answer.body["url"])
    with open_zip(job_id) as archive:
        assert archive.testzip() is None
        names = ["red-apple-1.png", "red-apple-1-cut.svg", "red-apple-2.png", "red-apple-2-cut.svg", "licence.txt"]
        assert archive.namelist() == names
        assert archive.read("red-apple-2-cut.svg").decode() == f"content of {file_key(job_id, 1, 'cut.svg')}"
        assert "Twemoji" in archive.read("licence.txt").decode()
    [key] = zips_of(job_id)
    assert answer.body["size_bytes"] == client_of("s3").head_object(Bucket=IMAGES, Key=key)["ContentLength"]


def test_a_zip_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = finished()
    first = make_zip(job_id).body
    monkeypatch.setattr(ZipBucket, "make", lambda *_: pytest.fail("it was made again"))

    assert make_zip(job_id).body["size_bytes"] == first["size_bytes"]


def test_a_zip_made_twice_has_the_same_bytes() -> None:
    job_id = finished()
    make_zip(job_id)
    s3, [key] = client_of("s3"), zips_of(job_id)
    before = s3.get_object(Bucket=IMAGES, Key=key)["Body"].read()
    s3.delete_object(Bucket=IMAGES, Key=key)

    make_zip(job_id)

    assert s3.get_object(Bucket=IMAGES, Key=key)["Body"].read() == before


def test_a_renamed_job_has_a_zip_with_its_new_name() -> None:
    job_id = finished()
    make_zip(job_id)
    call("change_job", path={"job_id": job_id}, body={"title": "Apples for the kitchen"})

    assert make_zip(job_id).body["name"] == "apples-for-the-kitchen.zip"


def test_a_job_in_progress_has_no_zip() -> None:
    refused = make_zip(finished(end=False))

    assert (refused.status, refused.body["type"]) == (409, "/problems/JobUnfinished")


def test_too_many_bytes_are_refused_before_the_next_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = finished()
    monkeypatch.setattr("craftspark.aws.jobs.zips.MAX_ZIP_BYTES", 60)

    refused = make_zip(job_id)

    assert (refused.status, refused.body["type"]) == (409, "/problems/FilesTooLarge")
    assert zips_of(job_id) == []


@pytest.mark.parametrize("function", ["delete_images", "delete_job"])
def test_deletion_removes_the_zip(function: str) -> None:
    job_id = finished()
    make_zip(job_id)

    assert call(function, path={"job_id": job_id}).status in (200, 204)

    assert zips_of(job_id) == []
    assert make_zip(job_id).status == 404


@pytest.mark.parametrize("function", ["delete_images", "delete_job"])
def test_images_that_are_deleted_while_the_zip_is_made_are_in_no_zip(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = finished()
    make: Callable[[ZipBucket, JobZip], int] = ZipBucket.make

    def make_late(bucket: ZipBucket, wanted: JobZip) -> int:
        size = make(bucket, wanted)
        [key] = zips_of(job_id)
        content = client_of("s3").get_object(Bucket=IMAGES, Key=key)["Body"].read()
        call(function, path={"job_id": job_id})
        client_of("s3").put_object(Bucket=IMAGES, Key=key, Body=content)  # the upload ends after the deletion
        return size

    monkeypatch.setattr(ZipBucket, "make", make_late)

    assert make_zip(job_id).status == 404
    assert zips_of(job_id) == []


def test_another_maker_s_files_are_not_found() -> None:
    job_id = finished()

    for function in ("list_files", "zip_files"):
        answer = call(function, maker="maker-2", path={"job_id": job_id})
        assert (answer.status, answer.body["type"]) == (404, "/problems/JobNotFound")
