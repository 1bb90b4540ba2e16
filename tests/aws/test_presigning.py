"""Links are equal to those of botocore, byte for byte."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from craftspark.aws import clients
from craftspark.aws.jobs.presigning import Presigner
from craftspark.aws.pictures.uploads import UploadBucket
from craftspark.jobs.downloads import Download, disposition_of, downloads_of
from craftspark.jobs.job import StoredImage
from tests.fakes import a_job

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEYS = [
    "images/abc/0.png",
    "images/abc/0.thumb.webp",
    "images/abc/0/cut.svg",
    "a b+c/ü~(1)'!*/&=?#%41.png",
    "images//double",
]
NAMES = [None, "red-apple-1.png", "äpfel-1-cut.svg", "りんご-2.png", None]
DOWNLOADS = [Download(key, name and disposition_of(name, "picture")) for key, name in zip(KEYS, NAMES, strict=True)]


def by_botocore(s3: Any, bucket: str, download: Download) -> str:
    params = {"Bucket": bucket, "Key": download.key}
    if download.disposition:
        params["ResponseContentDisposition"] = download.disposition
    link: str = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=900)
    return link


def client(**made: Any) -> Any:
    config = {"signature_version": "s3v4", **made.pop("config", {})}
    return boto3.client("s3", config=Config(**config), **made)


@pytest.mark.parametrize("token", [None, "FwoGZX+IvYXdzE/A==\u007e"])
@pytest.mark.parametrize(
    "made",
    [
        {"region_name": "us-east-1"},
        {"region_name": "eu-central-1"},
        {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:4566"},
        {"region_name": "us-west-2", "config": {"s3": {"addressing_style": "path"}}},
    ],
)
@pytest.mark.parametrize("bucket", ["images", "with.dots"])
def test_links_are_those_of_botocore_to_the_byte(
    made: dict[str, Any], token: str | None, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = client(**made, aws_access_key_id="AKIA/+EXAMPLE", aws_secret_access_key="se/cret+key", aws_session_token=token)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: NOON.replace(tzinfo=None))
    presigner = Presigner(client=s3, bucket=bucket, lifetime_s=900, now=lambda: NOON)

    expected = [by_botocore(s3, bucket, download) for download in DOWNLOADS]

    assert presigner.links(DOWNLOADS) == expected
    assert presigner.links(DOWNLOADS) == expected


def test_a_new_day_and_new_credentials_have_separate_signing_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = client(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", aws_session_token="c")
    moment = NOON
    presigner = Presigner(client=s3, bucket="images", lifetime_s=900, now=lambda: moment)
    first = presigner.links(DOWNLOADS[:1])
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: moment.replace(tzinfo=None))
    moment = NOON.replace(day=2)

    [second] = presigner.links(DOWNLOADS[:1])
    by_second_day = by_botocore(s3, "images", DOWNLOADS[0])
    # The access key stays: only the secret and the token of the role are new.
    s3._request_signer._credentials = Credentials("a", "new", "newer")
    [third] = presigner.links(DOWNLOADS[:1])

    assert len({*first, second, third}) == 3
    assert second == by_second_day
    assert third == by_botocore(s3, "images", DOWNLOADS[0])


@pytest.fixture
def client_anew() -> Iterator[None]:
    """Build the client in the environment of the test, only for this test."""
    clients.s3.cache_clear()
    yield
    clients.s3.cache_clear()


@pytest.mark.usefixtures("client_anew")
@pytest.mark.parametrize("region", ["us-east-1", "us-east-2", "eu-central-1", "ap-southeast-2", "me-central-1"])
def test_links_and_forms_name_the_bucket_s_host_in_its_region(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)

    [link] = Presigner(client=clients.s3(), bucket="pictures", lifetime_s=60).links([Download("images/a/0.png")])
    form = UploadBucket(client=clients.s3(), bucket="pictures").form("incoming/a", "image/png", 9)

    assert urlsplit(link)[:3] == ("https", f"pictures.s3.{region}.amazonaws.com", "/images/a/0.png")
    assert form.url == f"https://pictures.s3.{region}.amazonaws.com/"


@pytest.mark.usefixtures("client_anew")
def test_a_host_that_is_an_address_takes_the_bucket_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    [link] = Presigner(client=clients.s3(), bucket="pictures", lifetime_s=60).links([Download("images/a/0.png")])

    assert link.startswith("http://127.0.0.1:4566/pictures/images/a/0.png?")


@pytest.mark.parametrize(
    ("until", "expires_s"),
    [
        (None, 900),
        (NOON + timedelta(days=1), 900),
        (NOON + timedelta(seconds=901), 900),
        (NOON + timedelta(seconds=60), 60),
        (NOON + timedelta(seconds=1), 1),
        (NOON - timedelta(seconds=60), 1),
    ],
)
def test_no_link_outlasts_its_job(until: datetime | None, expires_s: int, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = client(region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="key")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: NOON.replace(tzinfo=None))
    presigner = Presigner(client=s3, bucket="images", lifetime_s=900, now=lambda: NOON)
    beside = Download("images/b/0.png")

    links = presigner.links([Download("images/a/0.png", until=until), beside])

    params = {"Bucket": "images", "Key": "images/a/0.png"}
    assert links == [
        s3.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_s),
        by_botocore(s3, "images", beside),
    ]


def test_every_link_of_a_job_ends_with_it() -> None:
    job = replace(a_job(), images_stored=1)
    image = StoredImage(index=0, width=1, height=1, render_s=0, stored_at=NOON, seed=1, files=("cut.svg",))

    assert {each.until for each in downloads_of(job, image, "s")} == {job.expires_at}
