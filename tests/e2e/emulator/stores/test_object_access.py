"""Buckets answer links, forms and pages of other origins as S3 does."""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.compat import get_current_datetime
from botocore.config import Config

from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.environment import ACCESS_KEY, REGION, SECRET_KEY
from tests.e2e.front_end import HTTP

KEY = "pictures/1"
ORIGIN = "https://studio.example"
WEEK_S = 7 * 24 * 3600
Change = Callable[[str], str]


def sign_with(aws: Clients, *, secret: str = SECRET_KEY, version: str = "s3v4") -> Any:
    """A client of S3 that signs with this secret."""
    return boto3.client(
        "s3",
        endpoint_url=aws.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=secret,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module")
def bucket(aws: Clients) -> str:
    """A private bucket with an object, which pages of one origin may read."""
    name, s3 = f"bucket-{uuid.uuid4().hex[:8]}", aws["s3"]
    s3.create_bucket(Bucket=name)
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": [ORIGIN], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket=name, Key=KEY, Body=b"picture")
    return name


def link(s3: Any, bucket: str, *, expires_s: int = 60) -> str:
    url: str = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": KEY}, ExpiresIn=expires_s)
    return url


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """The status, and the code of S3's error."""
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


def test_a_link_opens_its_object(aws: Clients, bucket: str) -> None:
    answer = HTTP.get(link(sign_with(aws), bucket))

    assert (answer.status_code, answer.content) == (200, b"picture")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace(KEY, "pictures/2"),
        lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        lambda url: url[:-8] + "00000000",
        lambda url: url + "&versionId=1",
    ],
    ids=["key", "expiry", "signature", "parameter"],
)
def test_a_changed_link_is_refused(aws: Clients, bucket: str, change: Change) -> None:
    url = link(sign_with(aws), bucket)

    assert error_of(HTTP.get(change(url))) == (403, "SignatureDoesNotMatch")


def test_a_link_is_for_one_method(aws: Clients, bucket: str) -> None:
    url = link(sign_with(aws), bucket)

    assert error_of(HTTP.put(url, content=b"other")) == (403, "SignatureDoesNotMatch")
    assert HTTP.head(url).status_code == 403


def test_a_link_that_another_secret_has_signed_is_refused(aws: Clients, bucket: str) -> None:
    url = link(sign_with(aws, secret="another"), bucket)

    assert error_of(HTTP.get(url)) == (403, "SignatureDoesNotMatch")


@pytest.fixture
def an_hour_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signers have the time of an hour ago."""
    past = get_current_datetime() - timedelta(hours=1)
    for module in ("auth", "signers"):
        monkeypatch.setattr(f"botocore.{module}.get_current_datetime", lambda: past)


@pytest.mark.usefixtures("an_hour_ago")
def test_a_link_expires(aws: Clients, bucket: str) -> None:
    assert HTTP.get(link(sign_with(aws), bucket, expires_s=3700)).status_code == 200

    url = link(sign_with(aws), bucket, expires_s=3500)

    assert error_of(HTTP.get(url)) == (403, "AccessDenied")
    assert "Request has expired" in HTTP.get(url).text


def test_a_link_lasts_a_week_at_most(aws: Clients, bucket: str) -> None:
    s3 = sign_with(aws)

    assert HTTP.get(link(s3, bucket, expires_s=WEEK_S)).status_code == 200
    assert error_of(HTTP.get(link(s3, bucket, expires_s=WEEK_S + 1))) == (400, "AuthorizationQueryParametersError")


def test_a_signature_of_the_old_version_is_refused(aws: Clients, bucket: str) -> None:
    assert error_of(HTTP.get(link(sign_with(aws, version="s3"), bucket))) == (400, "InvalidRequest")


@pytest.mark.parametrize(("method", "path"), [("GET", KEY), ("GET", ""), ("PUT", "pictures/3")])
def test_a_private_bucket_answers_no_request_without_a_signature(
    aws: Clients, bucket: str, method: str, path: str
) -> None:
    answer = HTTP.request(method, f"{aws.endpoint}/{bucket}/{path}", content=b"x" if method == "PUT" else None)

    assert error_of(answer) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("origin", "method", "allowed"),
    [(ORIGIN, "GET", True), ("https://other.example", "GET", False), (ORIGIN, "PUT", False)],
)
def test_a_bucket_answers_the_origins_and_methods_of_its_rules(
    aws: Clients, bucket: str, origin: str, method: str, allowed: bool
) -> None:
    url = link(sign_with(aws), bucket)

    preflight = HTTP.options(url, headers={"Origin": origin, "Access-Control-Request-Method": method})
    answer = HTTP.get(url, headers={"Origin": origin})

    assert preflight.status_code == (200 if allowed else 403)
    assert preflight.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert answer.status_code == 200  # the browser, not the bucket, keeps the answer from the page
    assert answer.headers.get("access-control-allow-origin") == (origin if origin == ORIGIN else None)


def send_form(
    aws: Clients, bucket: str, content: bytes, *, expires_s: int = 60, changed: Mapping[str, str] | None = None
) -> httpx.Response:
    """Send a file with a form that allows 2 to 8 bytes of PNG under one key, with some fields changed."""
    form: Mapping[str, Any] = sign_with(aws).generate_presigned_post(
        bucket,
        "incoming/1",
        Fields={"Content-Type": "image/png"},
        Conditions=[["content-length-range", 2, 8], {"Content-Type": "image/png"}],
        ExpiresIn=expires_s,
    )
    fields = {**form["fields"], **(changed or {})}
    return HTTP.post(form["url"], data=fields, files={"file": ("file", content)})


def test_a_form_takes_what_its_policy_allows(aws: Clients, bucket: str) -> None:
    assert send_form(aws, bucket, b"picture").status_code == 204


@pytest.mark.parametrize(
    ("content", "changed", "error"),
    [
        (b"too large", {}, (400, "EntityTooLarge")),
        (b"x", {}, (400, "EntityTooSmall")),
        (b"picture", {"Content-Type": "text/html"}, (403, "AccessDenied")),
        (b"picture", {"key": "incoming/2"}, (403, "AccessDenied")),
        (b"picture", {"x-amz-meta-more": "1"}, (403, "AccessDenied")),
        (b"picture", {"x-amz-signature": "0" * 64}, (403, "SignatureDoesNotMatch")),
    ],
    ids=["too large", "too small", "type", "key", "field", "signature"],
)
def test_a_form_takes_nothing_else(
    aws: Clients, bucket: str, content: bytes, changed: Mapping[str, str], error: tuple[int, str]
) -> None:
    assert error_of(send_form(aws, bucket, content, changed=changed)) == error


@pytest.mark.usefixtures("an_hour_ago")
def test_a_form_expires(aws: Clients, bucket: str) -> None:
    assert send_form(aws, bucket, b"picture", expires_s=3700).status_code == 204

    answer = send_form(aws, bucket, b"picture", expires_s=3500)

    assert error_of(answer) == (403, "AccessDenied")
    assert "Policy expired" in answer.text


def test_a_form_without_a_policy_is_refused(aws: Clients, bucket: str) -> None:
    answer = HTTP.post(f"{aws.endpoint}/{bucket}", data={"key": "incoming/1"}, files={"file": ("file", b"picture")})

    assert error_of(answer) == (403, "AccessDenied")
