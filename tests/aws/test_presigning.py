"""Links are those of botocore, to the byte."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from craftspark.aws.presigning import Presigner

NOON = datetime(2030, 1, 1, 12, 0, 5, tzinfo=UTC)
KEYS = [
    "images/abc/0.png",
    "images/abc/0.thumb.webp",
    "images/abc/0/cut.svg",
    "a b+c/ü~(1)'!*/&=?#%41.png",
    "images//double",
]


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

    expected = [
        s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=900) for key in KEYS
    ]

    assert presigner.links(KEYS) == expected
    assert presigner.links(KEYS) == expected


def test_a_new_day_and_new_credentials_have_a_key_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = client(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    moment = NOON
    presigner = Presigner(client=s3, bucket="images", lifetime_s=900, now=lambda: moment)
    first = presigner.links(KEYS[:1])
    moment = NOON.replace(day=2)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: moment.replace(tzinfo=None))

    [second] = presigner.links(KEYS[:1])

    assert first != [second]
    assert second == s3.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": KEYS[0]}, ExpiresIn=900)
