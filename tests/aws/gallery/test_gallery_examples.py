"""The examples of a local cloud's gallery."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from craftspark.tools import TOOLS
from local_cloud.demo.gallery import seeding
from local_cloud.demo.gallery.requests import read_requests
from tests.aws.conftest import GALLERY, GALLERY_RECORDS, client_of
from tests.aws.gallery.test_gallery import listed, stored, visit

pytestmark = pytest.mark.usefixtures("all_settings")


def a_cloud() -> Any:
    outputs = {"GalleryTableName": GALLERY_RECORDS, "GalleryBucketName": GALLERY}
    return SimpleNamespace(client=client_of, outputs=outputs)


def test_each_request_of_the_list_is_valid_and_was_drawn() -> None:
    facts = json.loads((seeding.FOLDER / "pictures.json").read_text())
    requests = read_requests()

    assert len({request.name for request in requests}) == len(requests) >= 300
    assert {request.name: request.request for request in requests} == {
        name: drawn["request"] for name, drawn in facts.items()
    }
    assert {path.stem for path in seeding.FOLDER.glob("*.webp")} == set(facts)
    for request in requests:
        TOOLS[request.tool].request.model_validate_json(json.dumps(request.request))


def test_examples_are_published_once_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    some = read_requests()[:2]
    monkeypatch.setattr(seeding, "read_requests", lambda: some)

    assert seeding.seed_gallery(a_cloud()) == seeding.seed_gallery(a_cloud()) == 2

    assert len(listed()) == len(listed(tag="example")) == 2
    assert len(stored()) == 4
    shown = visit("read_picture", {"picture_id": listed(tool="clipart")[0]}).body
    assert shown["author_name"] == "Mira's Paper Studio"
    assert (shown["title"], shown["words"]) == ("Cat face", {"prompt": "cat face"})
    [key] = [name for name in stored() if shown["picture_id"] in name and name.endswith("picture.png")]
    picture = Image.open(io.BytesIO(client_of("s3").get_object(Bucket=GALLERY, Key=key)["Body"].read()))
    assert isinstance(picture.text, dict)  # type: ignore[attr-defined]
    assert picture.text["Source"] == "AI-generated"  # type: ignore[attr-defined]
    assert (picture.width, picture.height) == (shown["width"], shown["height"])
