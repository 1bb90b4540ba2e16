"""What a deployment of the local cloud uploads."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_cloud.launcher.assembly import FileAsset
from local_cloud.launcher.deployment import upload
from tests.aws.conftest import client_of


def test_assets_are_uploaded_once_into_buckets_that_exist_or_are_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("a")
    first = FileAsset(source=tmp_path / "a", bucket="assets-one", key="1")
    assets = [first, first, replace(first, key="2"), replace(first, bucket="assets-two")]
    s3, put = client_of("s3"), list[str]()
    put_object = s3.put_object

    def put_and_note(**asked: Any) -> None:
        put.append(asked["Key"])
        put_object(**asked)

    monkeypatch.setattr(s3, "put_object", put_and_note)

    upload(s3, assets)
    upload(s3, [*assets, replace(first, key="3")])

    assert put == ["1", "2", "1", "3"]
    found = s3.list_objects_v2(Bucket="assets-one")["Contents"]
    assert [each["Key"] for each in found] == ["1", "2", "3"]
    assert s3.get_object(Bucket="assets-two", Key="1")["Body"].read() == b"a"
