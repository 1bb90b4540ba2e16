"""The gallery with its streams, schedules and permissions: who sees a picture, where, and from when on."""

from typing import Any

import pytest

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.waiting import eventually

PUBLICATION = {"title": "Red apple", "tags": ["apple"], "licence": "cc-by-4.0"}


@pytest.fixture(scope="module")
def image(cloud: LocalCloud) -> tuple[FrontEnd, str]:
    """A maker with a job that has three images."""
    front_end = FrontEnd(cloud, cloud.sign_in("publisher@craftspark.example"))
    return front_end, front_end.ended(front_end.accepted(count=3, steps=1))["job_id"]


def publish(image: tuple[FrontEnd, str], index: int = 0) -> dict[str, Any]:
    front_end, job_id = image
    published = front_end.call("POST", f"/v1/jobs/{job_id}/images/{index}/publication", json=PUBLICATION)
    assert published.status_code == 201, published.text
    return dict(published.json())


def test_a_maker_publishes_an_image_that_visitors_see_until_it_is_taken_back(
    cloud: LocalCloud, image: tuple[FrontEnd, str]
) -> None:
    (front_end, job_id), visitor = image, FrontEnd(cloud, None)

    published = publish(image)
    path = f"/v1/gallery/pictures/{published['picture_id']}"
    shown = visitor.call("GET", path).json()
    listed = visitor.call("GET", "/v1/gallery/pictures", params={"tag": "apple"}).json()["pictures"]
    content = HTTP.get(front_end.read(job_id)["images"][0]["url"]).content

    assert HTTP.get(published["url"]).content == HTTP.get(shown["url"]).content == content
    assert HTTP.get(listed[0]["thumbnail_url"]).headers["Content-Type"] == "image/webp"
    assert visitor.call("DELETE", path).status_code == 401
    assert front_end.call("DELETE", path).status_code == 204
    assert visitor.call("GET", path).status_code == 404
    assert HTTP.get(shown["url"]).status_code == 403


def test_a_picture_is_found_until_it_is_taken_back(cloud: LocalCloud, image: tuple[FrontEnd, str]) -> None:
    visitor, published = FrontEnd(cloud, None), publish(image, 1)
    picture_id = published["picture_id"]

    cloud.client("lambda").invoke(FunctionName=cloud.outputs["FillFunctionName"], Payload=b'{"again": true}')
    thumbnail = eventually(lambda: search(visitor, words="apple", tool="picture").get(picture_id, ""))
    assert HTTP.get(thumbnail).headers["Content-Type"] == "image/webp"
    assert picture_id not in search(visitor, like=picture_id)
    assert image[0].call("DELETE", f"/v1/gallery/pictures/{picture_id}").status_code == 204
    assert picture_id not in search(visitor, words="apple")


def search(visitor: FrontEnd, **query: str) -> dict[str, str]:
    """The pictures that a visitor finds: the URL of each thumbnail, by the ID."""
    found = visitor.call("GET", "/v1/gallery/search", params=query)
    assert found.status_code == 200, found.text
    return {picture["picture_id"]: picture["thumbnail_url"] for picture in found.json()["pictures"]}


def test_a_picture_is_liked_popular_and_remixed(cloud: LocalCloud, image: tuple[FrontEnd, str]) -> None:
    visitor, fan = FrontEnd(cloud, None), FrontEnd(cloud, cloud.sign_in("fan@craftspark.example"))
    picture_id = publish(image, 2)["picture_id"]  # not one that was hidden a second ago
    path = f"/v1/gallery/pictures/{picture_id}"

    assert [fan.call("PUT", f"{path}/like").json()["likes"] for _ in range(2)] == [1, 1]
    assert eventually(lambda: visitor.call("GET", path).json()["likes"] == 1)
    cloud.client("lambda").invoke(FunctionName=cloud.outputs["SnapshotPopularFunctionName"], Payload=b"{}")

    popular = visitor.call("GET", "/v1/gallery/pictures", params={"sort": "popular"}).json()["pictures"]
    assert picture_id in [each["picture_id"] for each in popular]
    assert fan.call("PUT", "/v1/account/profile", json={"name": "A fan"}).status_code == 200
    # The worker reads the source from the gallery.
    request = {"source": f"picture/{picture_id}", "prompt": "a red apple", "count": 1, "steps": 1}
    drawn = fan.ended(fan.call("POST", "/v1/tools/variations/jobs", json=request).json()["job_id"])
    assert (drawn["state"], drawn["remix_of"]) == ("succeeded", picture_id)
    remixed = publish((fan, drawn["job_id"]))
    assert (remixed["author_name"], remixed["lineage"]["parent"]["picture_id"]) == ("A fan", picture_id)
    remixes = visitor.call("GET", f"{path}/remixes").json()["pictures"]
    assert [each["picture_id"] for each in remixes] == [remixed["picture_id"]]
    author = fan.call("GET", "/v1/account/profile").json()["author"]
    assert visitor.call("GET", f"/v1/gallery/makers/{author}").json()["pictures"] == 1
    assert fan.call("DELETE", f"/v1/gallery/pictures/{remixed['picture_id']}").status_code == 204
    assert fan.call("DELETE", f"{path}/like").json() == {"liked": False, "likes": 0}
    assert fan.call("GET", f"{path}/like").json() == {"liked": False, "likes": 0}
    assert image[0].call("DELETE", path).status_code == 204


def test_an_administrator_takes_a_reported_picture_down_and_restores_it_after_an_appeal(
    cloud: LocalCloud, image: tuple[FrontEnd, str]
) -> None:
    (maker, _), visitor = image, FrontEnd(cloud, None)
    reporter = FrontEnd(cloud, cloud.sign_in("fan@craftspark.example"))
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))
    published = publish(image)
    path, act = (f"/v1{part}/gallery/pictures/{published['picture_id']}" for part in ("", "/admin"))

    assert reporter.call("PUT", f"{path}/report", json={"reason": "copyright"}).status_code == 200
    [review] = administrator.call("GET", "/v1/admin/gallery/reports").json()["reviews"]
    assert review["picture"]["picture_id"] == published["picture_id"]
    taken = administrator.call("PUT", f"{act}/takedown", json={"reason": "copyright"})
    assert taken.status_code == 200, taken.text
    assert visitor.call("GET", path).status_code == 404
    assert eventually(lambda: HTTP.get(published["url"]).status_code == 403)
    assert maker.call("POST", f"{path}/appeal", json={"words": "It is mine."}).status_code == 200
    own = maker.call("GET", "/v1/account/pictures").json()["pictures"][0]
    assert own["state"] == "taken_down"
    assert HTTP.get(own["thumbnail_url"]).status_code == 200
    assert HTTP.get(administrator.call("POST", f"{act}/dismissal").json()["url"]).status_code == 200
    assert administrator.call("DELETE", f"{act}/takedown").json()["state"] == "public"
    assert HTTP.get(visitor.call("GET", path).json()["url"]).status_code == 200
    assert maker.call("DELETE", path).status_code == 204


def test_pictures_of_a_suspended_maker_are_hidden_and_come_back(cloud: LocalCloud, image: tuple[FrontEnd, str]) -> None:
    visitor = FrontEnd(cloud, None)
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))
    published = publish(image)
    path = f"/v1/gallery/pictures/{published['picture_id']}"
    found = administrator.call("GET", "/v1/admin/makers", params={"email": "publisher@craftspark.example"}).json()
    suspension = f"/v1/admin/accounts/{found['makers'][0]['maker']}/suspension"

    assert administrator.call("PUT", suspension, json={"reason": "abuse"}).status_code == 200
    assert eventually(lambda: visitor.call("GET", path).status_code == 404)
    assert eventually(lambda: HTTP.get(published["url"]).status_code == 403)
    assert administrator.call("PUT", suspension, json={"reason": None}).status_code == 200
    assert eventually(lambda: visitor.call("GET", path).status_code == 200)
    assert HTTP.get(visitor.call("GET", path).json()["url"]).status_code == 200
