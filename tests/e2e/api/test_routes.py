"""Routes that no other test of the local cloud calls: each works with the permissions of its function."""

import io
import zipfile

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd


def test_a_maker_downloads_all_files_of_a_job_at_once_and_deletes_them(cloud: LocalCloud, maker: str) -> None:
    front_end = FrontEnd(cloud, maker)
    job = front_end.ended(front_end.accepted(count=2, steps=1))
    path = f"/v1/jobs/{job['job_id']}"

    packed = front_end.call("POST", f"{path}/zip")
    assert packed.status_code == 200, packed.text
    with zipfile.ZipFile(io.BytesIO(HTTP.get(packed.json()["url"]).content)) as archive:
        assert len(archive.namelist()) == 3  # two images and the licence
    deleted = front_end.call("DELETE", f"{path}/images")
    assert deleted.status_code == 200, deleted.text

    assert front_end.call("POST", f"{path}/zip").status_code == 404


def test_a_maker_lists_and_deletes_uploads(cloud: LocalCloud) -> None:
    front_end = FrontEnd(cloud, cloud.sign_in("tidy@craftspark.example"))
    upload_id = front_end.call("POST", "/v1/uploads", json={"content_type": "image/png"}).json()["upload_id"]

    listed = front_end.call("GET", "/v1/uploads").json()["uploads"]
    deleted = front_end.call("DELETE", f"/v1/uploads/{upload_id}")

    assert [each["upload_id"] for each in listed] == [upload_id]
    assert deleted.status_code == 204
    assert front_end.call("GET", "/v1/uploads").json()["uploads"] == []


def test_an_administrator_corrects_an_account(cloud: LocalCloud) -> None:
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))
    front_end = FrontEnd(cloud, cloud.sign_in("corrected@craftspark.example"))
    before = front_end.account()
    maker = administrator.call("GET", "/v1/admin/makers", params={"email": "corrected@craftspark.example"}).json()
    path = f"/v1/admin/accounts/{maker['makers'][0]['maker']}"

    corrected = administrator.call(
        "POST", f"{path}/adjustments", json={"credits": -3, "note": "a correction"}, headers={"Idempotency-Key": "c1"}
    )
    changed = administrator.call("PUT", f"{path}/plan", json={"plan": "plus"})
    named = [front_end.call("PUT", "/v1/account/profile", json={"name": name}) for name in ("Cora", "Cora Bell")]
    removed = administrator.call("POST", f"{path}/name-removals", json={"reason": "it imitates a shop"})
    inspected = administrator.call("GET", path)
    of_all, of_one = (
        administrator.call("GET", "/v1/admin/audit", params=whose).json()["entries"]
        for whose in ({"limit": 100}, {"maker": maker["makers"][0]["maker"]})
    )

    assert [answer.status_code for answer in (corrected, changed, *named, removed, inspected)] == [200] * 6
    assert inspected.json()["profile"]["removal"]["name"] == "Cora Bell"
    assert [entry["action"] for entry in of_one] == ["remove name", "change plan", "adjust credits"]
    assert all(entry in of_all for entry in of_one)
    assert inspected.json()["plan"]["name"] == "plus"
    assert front_end.account()["available"] >= before["available"] - 3
