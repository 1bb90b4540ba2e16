"""The HTTP API of the container through ASGI, with the built-in model."""

import io
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from craftspark.errors import ModelUnavailable
from craftspark.jobs.resemblance import find_near_identical
from gpu_tasks.images.output import Png, encode_file, measure_colour_layout
from gpu_tasks.images.sources import Fetch
from gpu_tasks.serving.app import Application
from gpu_tasks.serving.requests import RequestRenderer
from tests.fakes import WORKER_SETTINGS
from tests.gpu.motifs import a_motif
from tests.gpu.rendering import OneModel, an_order_of, pixels_in, render, studio, studio_with

PROMPT = {"prompt": "red apple", "steps": 2, "seed": 5}


def one_model(fetch: Fetch) -> OneModel:
    return OneModel(studio_with(fetch))


def no_failure(error: Exception) -> None:
    raise AssertionError(error)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    application = Application(WORKER_SETTINGS.models, lambda: RequestRenderer(one_model), no_failure)
    with TestClient(application.asgi) as made:
        loaded(application)
        yield made


def loaded(application: Application) -> None:
    """The render thread is one: what is put behind the loading runs after it."""
    application._thread.submit(lambda: None).result(timeout=600)


def a_png(size: tuple[int, int] = (64, 48)) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", size, "red").save(into, "PNG")
    return into.getvalue()


def test_images_are_the_same_bytes_as_the_worker_makes(client: TestClient) -> None:
    answer = client.post("/v1/render/picture", json={**PROMPT, "count": 6})

    assert answer.status_code == 200
    images = answer.json()["images"]
    assert [image["seed"] for image in images] == list(range(5, 11))
    order = an_order_of("picture", 10, json.dumps(PROMPT))
    done = studio().finish(order, render(order)[0])
    assert b64decode(images[5]["png"]) == done.png
    assert b64decode(images[5]["thumbnail_webp"]) == done.thumbnail_webp
    alike = find_near_identical(
        {image["index"]: measure_colour_layout(pixels_in(b64decode(image["png"]))) for image in images}
    )
    assert {image["index"]: image["near_identical_to"] for image in images} == dict.fromkeys(range(6)) | alike


def test_files_and_scores_come_along(client: TestClient) -> None:
    answer = client.post("/v1/render/clipart", json={"prompt": "red apple", "count": 1, "seed": 11, "width_mm": 25})

    [image] = answer.json()["images"]
    assert image["alpha"]
    assert b64decode(image["files"]["cut.svg"]).startswith(b"<svg")
    assert image["scores"]["cut_iou"] > 0.9


def test_a_picture_sent_along_is_the_source(client: TestClient) -> None:
    answer = client.post(
        "/v1/render/upscale", data={"request": '{"factor": 2}'}, files={"source": ("a.png", a_png(), "image/png")}
    )

    assert answer.status_code == 200, answer.text
    assert pixels_in(b64decode(answer.json()["images"][0]["png"])).shape == (96, 128, 3)


def test_several_pictures_sent_along_are_the_sources_in_their_order(client: TestClient) -> None:
    files = [("source", (f"{side}.png", encode_file(Png(pixels=a_motif(side))), "image/png")) for side in (48, 64)]
    body = {"stickers": [{"width_mm": 20}, {"width_mm": 30}], "paper": "a5"}

    answer = client.post("/v1/render/sticker-sheet", data={"request": json.dumps(body)}, files=files)

    assert answer.status_code == 200, answer.text
    [image] = answer.json()["images"]
    assert image["scores"]["stickers"] == 2
    too_few = client.post("/v1/render/sticker-sheet", data={"request": json.dumps(body)}, files=files[:1])
    assert (too_few.status_code, too_few.json()["field"]) == (422, "stickers.1.source")
    too_many = client.post("/v1/render/upscale", data={"request": "{}"}, files=files)
    assert (too_many.status_code, too_many.json()["field"]) == (422, "source")


@pytest.mark.parametrize(
    ("tool", "request_", "status", "field"),
    [
        ("knitting", {"json": {}}, 404, "tool"),
        ("picture", {"json": {}}, 422, "prompt"),
        ("picture", {"json": {"prompt": "a", "size": "64x64"}}, 422, "size"),
        ("picture", {"json": {"prompt": "a", "style": "no-such"}}, 422, "style"),
        ("picture", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "body"),
        ("upscale", {"json": {"factor": 2}}, 422, "source"),
        ("upscale", {"json": {"source": "upload/" + "a" * 26}}, 422, "source"),
        ("upscale", {"data": {"request": "{}"}, "files": {"source": ("a", b"<svg/>")}}, 422, "upload"),
        ("upscale", {"data": {"request": "{}"}, "files": {"other": ("a", b"x")}}, 422, "source"),
        ("upscale", {"files": {"source": ("a", b"x")}}, 422, "request"),
        ("picture", {"data": {"request": '{"prompt": "a"}'}, "files": {"source": ("a", a_png())}}, 422, "source"),
        ("picture", {"content": bytes(64 * 1024 + 1)}, 413, "body"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    client: TestClient, tool: str, request_: dict[str, Any], status: int, field: str
) -> None:
    answer = client.post(f"/v1/render/{tool}", **request_)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_each_source_has_the_limit_of_an_upload_and_all_together_have_a_higher_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(*sides: int) -> Any:
        files = [("source", (f"{side}.png", encode_file(Png(pixels=a_motif(side))), "image/png")) for side in sides]
        body = {"stickers": [{"width_mm": 20}] * len(sides), "paper": "a5"}
        return client.post("/v1/render/sticker-sheet", data={"request": json.dumps(body)}, files=files)

    small, large = (len(encode_file(Png(pixels=a_motif(side)))) for side in (48, 200))
    monkeypatch.setattr("gpu_tasks.serving.app.MAX_UPLOAD_BYTES", large - 1)

    assert post(48, 48).status_code == 200
    refused = post(48, 200)
    assert (refused.status_code, refused.json()["field"]) == (413, "source")
    assert refused.json()["detail"] == f"source 2 has {large} bytes; the maximum is {large - 1}"
    monkeypatch.setattr("gpu_tasks.serving.app.MAX_FORM_BYTES", 2 * small)
    refused = post(48, 48)
    assert (refused.status_code, refused.json()["field"]) == (413, "body")


def test_prometheus_is_told_what_was_rendered_and_refused(client: TestClient) -> None:
    client.post("/v1/render/picture", json={**PROMPT, "count": 1})
    client.post("/v1/render/picture", json={})

    text = client.get("/metrics").text

    assert "craftspark_ready 1.0" in text
    assert 'craftspark_images_total{outcome="delivered",tool="picture"}' in text
    assert 'craftspark_requests_refused_total{reason="InvalidInput"}' in text
    assert 'craftspark_request_seconds_count{tool="picture"}' in text


def test_it_lives_at_once_and_is_ready_only_once_it_has_rendered() -> None:
    go = threading.Event()

    def load() -> RequestRenderer:
        go.wait(600)
        return RequestRenderer(one_model)

    application = Application(WORKER_SETTINGS.models, load, no_failure)
    with TestClient(application.asgi) as client:
        assert client.get("/health/live").status_code == 200
        early = client.get("/health/ready")
        refused = client.post("/v1/render/picture", json=PROMPT)
        go.set()
        loaded(application)
        assert client.get("/health/ready").status_code == 200
    assert (early.status_code, refused.status_code) == (503, 503)
    assert refused.headers["Retry-After"]


def test_a_model_that_cannot_be_loaded_ends_the_container() -> None:
    failures: list[Exception] = []

    def load() -> RequestRenderer:
        raise ModelUnavailable("its hash is another")

    application = Application(WORKER_SETTINGS.models, load, failures.append)
    with TestClient(application.asgi) as client:
        loaded(application)
        assert client.get("/health/ready").status_code == 503
    assert isinstance(failures[0], ModelUnavailable)


def test_no_more_requests_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    may, go = 3, threading.Event()
    monkeypatch.setattr("gpu_tasks.serving.app.MAX_WAITING", may)

    class Slow(RequestRenderer):
        def render(self, accepted: Any) -> Any:
            if accepted.orders[0].seed == 5:
                go.wait(600)
            return super().render(accepted)

    application = Application(WORKER_SETTINGS.models, lambda: Slow(one_model), no_failure)
    with TestClient(application.asgi) as client:
        loaded(application)
        answers: list[int] = []

        def ask() -> None:
            answers.append(client.post("/v1/render/picture", json={**PROMPT, "count": 1, "steps": 1}).status_code)
            if answers[-1] == 503:
                go.set()

        threads = [threading.Thread(target=ask) for _ in range(may + 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
    assert sorted(answers) == [200] * may + [503]
