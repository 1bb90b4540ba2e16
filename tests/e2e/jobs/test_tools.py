"""Every tool over HTTP, from a browser's upload to the files that a maker fetches."""

import io
from typing import Any

import pytest
from PIL import Image

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.front_end import HTTP, FrontEnd


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def a_picture() -> bytes:
    image = Image.new("RGB", (128, 96), "white")
    image.paste((210, 40, 40), (40, 24, 88, 72))
    into = io.BytesIO()
    image.save(into, "JPEG", quality=95, exif=b"Exif\0\0secret")
    return into.getvalue()


def made(front_end: FrontEnd, tool: str, **request: Any) -> dict[str, Any]:
    """The only image of a job of this tool."""
    answer = front_end.call("POST", f"/v1/tools/{tool}/jobs", json={"count": 1, **request})
    assert answer.status_code == 202, answer.text
    job = front_end.ended(answer.json()["job_id"])
    assert job["state"] == "succeeded", job
    [image] = job["images"]
    return dict(image)


def fetched(url: str) -> Image.Image:
    return Image.open(io.BytesIO(HTTP.get(url).raise_for_status().content))


def test_an_uploaded_picture_goes_through_every_tool_that_takes_one(front_end: FrontEnd) -> None:
    upload = front_end.uploaded(a_picture())
    source = upload["source"]
    assert (upload["width"], upload["height"]) == (128, 96)

    variation = made(front_end, "variations", source=source, prompt="red box", seed=1)
    outpainted = made(front_end, "outpaint", source=source, aspect="2:1", steps=4)
    upscaled = made(front_end, "upscale", source=source, factor=2)
    pattern = made(front_end, "pattern", source=source, way="painted", steps=4)
    cutout = made(front_end, "cutout", source=source)
    lineart = made(front_end, "lineart", source=source, width_mm=40)

    assert fetched(variation["url"]).size == (128, 96)
    assert fetched(outpainted["url"]).size == (192, 96)
    assert fetched(upscaled["url"]).size == (256, 192)
    assert fetched(pattern["url"]).size == (512, 512)
    assert fetched(cutout["url"]).size == (128, 96)
    assert fetched(cutout["url"]).mode == "RGBA"
    assert fetched(lineart["url"]).size[0] == pytest.approx(40 / 25.4 * 300, abs=1)


def test_a_made_image_is_a_source_too(front_end: FrontEnd) -> None:
    picture = front_end.ended(front_end.accepted("sunflower", count=1, steps=4))

    upscaled = made(front_end, "upscale", source=f"{picture['job_id']}/0", factor=2)

    assert (picture["images"][0]["width"], picture["images"][0]["height"]) == (512, 512)
    assert fetched(upscaled["url"]).size == (1024, 1024)


def test_clipart_and_patterns_come_with_their_files(front_end: FrontEnd) -> None:
    clipart = made(front_end, "clipart", prompt="red apple", seed=11)
    pattern = made(front_end, "pattern", prompt="red apple", seed=11)

    assert fetched(clipart["url"]).mode == "RGBA"
    assert HTTP.get(clipart["files"]["cut.svg"]).headers["Content-Type"] == "image/svg+xml"
    assert clipart["scores"]["cut_iou"] >= 0.98
    assert set(pattern["files"]) == {"preview.webp", "sheet.png"}
    assert fetched(pattern["files"]["sheet.png"]).size == (1181, 1181)


def test_the_form_takes_no_larger_file_and_no_other_type(front_end: FrontEnd) -> None:
    _, too_large = front_end.post(bytes(25 * 1024 * 1024 + 1))
    _, other_type = front_end.post(b"<svg/>", **{"Content-Type": "image/svg+xml"})

    assert (too_large.status_code, other_type.status_code) == (400, 403)


def test_an_upload_that_is_no_picture_is_refused_by_name(front_end: FrontEnd) -> None:
    upload_id, posted = front_end.post(b"<svg/>")
    assert posted.status_code == 204

    refused = front_end.call("POST", f"/v1/uploads/{upload_id}/check")

    assert (refused.status_code, refused.json()["field"]) == (422, "upload")
