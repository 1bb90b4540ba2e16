import io
import json
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from craftspark.errors import ModerationUnavailable, UnsafeContent
from craftspark.moderation import Objection, PictureModeration
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.safety import (
    THRESHOLD,
    GuardrailCheck,
    ModelSafetyCheck,
    NudityCheck,
    PictureChecks,
    load_picture_check,
)
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.renderers.loading import load_worker_renderer, log_moderation_failure
from gpu_tasks.worker.claim import Claim
from tests.fakes import WORKER_SETTINGS, FakeHandle, a_batch, a_job
from tests.gpu.rendering import Lenient, an_order_of, render
from tests.gpu.tools.test_second_attempt import Moody, an_order, studio_of

CLEAR = np.zeros((32, 32, 4), np.uint8)


def test_drawings_are_far_from_the_limit() -> None:
    picture_check = NudityCheck()
    orders = [
        an_order_of("picture", 1, json.dumps({"prompt": prompt, "steps": 4}))
        for prompt in ("baby", "peach", "person in bed", "bikini")
    ]

    for drawn in render(*orders):
        assert picture_check._score(Image.fromarray(drawn.pixels)) < THRESHOLD / 2
        picture_check.check(drawn.pixels)


@pytest.mark.parametrize(("score", "refused"), [(THRESHOLD, True), (THRESHOLD - 0.01, False)])
def test_a_picture_at_the_limit_is_withheld(score: float, refused: bool) -> None:
    picture_check = NudityCheck(lambda _: score)

    if refused:
        with pytest.raises(UnsafeContent):
            picture_check.check(CLEAR)
    else:
        picture_check.check(CLEAR)


def test_what_is_clear_is_looked_at_as_it_is_seen_on_white() -> None:
    seen = []
    NudityCheck(lambda picture: seen.append(picture) or 0.0).check(CLEAR)  # type: ignore[func-returns-value]

    assert seen[0].mode == "RGB"
    assert seen[0].getpixel((0, 0)) == (255, 255, 255)


def test_an_unsafe_image_is_not_finished() -> None:
    renderer = Moody(None)
    order = an_order(7)
    strict = studio_of(renderer, NudityCheck(lambda _: 1.0))
    [drawn] = strict.render([order], lambda _: None)

    with pytest.raises(UnsafeContent):
        strict.finish(order, drawn)  # type: ignore[arg-type]
    assert studio_of(renderer, Lenient()).finish(order, drawn)  # type: ignore[arg-type]


def a_checker(tmp_path, *, strict: bool):  # type: ignore[no-untyped-def]
    """A small safety checker in Diffusers' format that refuses everything or nothing."""
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        vision_config={**small, "image_size": 32, "patch_size": 16}, text_config=small, projection_dim=8
    )
    checker = StableDiffusionSafetyChecker(config)
    for name in ("concept_embeds_weights", "special_care_embeds_weights"):
        getattr(checker, name).data.fill_(-2.0 if strict else 2.0)
    checker.save_pretrained(tmp_path / "safety_checker")
    size = {"shortest_edge": 32}
    CLIPImageProcessor(size=size, crop_size={"height": 32, "width": 32}).save_pretrained(tmp_path / "feature_extractor")
    return load_picture_check(tmp_path)


def test_a_model_s_own_safety_checker_judges_its_pictures(tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = np.random.default_rng(0).integers(0, 255, (48, 48, 3), np.uint8)
    lenient, strict = a_checker(tmp_path / "a", strict=False), a_checker(tmp_path / "b", strict=True)

    assert isinstance(lenient, ModelSafetyCheck)
    lenient.check(picture)
    with pytest.raises(UnsafeContent):
        strict.check(picture)


def test_a_model_without_one_is_judged_by_open_nsfw() -> None:
    assert isinstance(load_picture_check(BUILT_IN / "craftspark-clipart-128"), NudityCheck)


class Service:
    """A guardrail that answers so; it keeps what it was shown."""

    def __init__(self, *answer: str, broken: bool = False) -> None:
        self.answer = [Objection(reason=reason) for reason in answer]
        self.broken = broken
        self.seen: list[bytes] = []

    def picture_objections(self, jpeg: bytes, *, ours: bool) -> list[Objection]:
        assert ours
        self.seen.append(jpeg)
        if self.broken:
            raise ModerationUnavailable("not now")
        return self.answer


def guardrail(service: Service, fallback: Literal["accept", "refuse"] = "refuse") -> GuardrailCheck:
    return GuardrailCheck(PictureModeration(service=service, fallback=fallback, report_unavailable=lambda _: None))


def test_a_finished_image_is_judged_by_the_local_judge_and_then_by_the_guardrail() -> None:
    renderer, order, service = Moody(None), an_order(7), Service("violence", "hate", "violence")
    [drawn] = studio_of(renderer).render([order], lambda _: None)
    assert isinstance(drawn, Drawing)

    with pytest.raises(UnsafeContent, match="it appears to show violence, hate"):
        studio_of(renderer, PictureChecks(Lenient(), guardrail(service))).finish(order, drawn)
    assert len(service.seen) == 1
    with pytest.raises(UnsafeContent, match="nudity"):
        studio_of(renderer, PictureChecks(NudityCheck(lambda _: 1.0), guardrail(service))).finish(order, drawn)
    assert len(service.seen) == 1  # a local refusal costs no call


def test_the_guardrail_sees_a_jpeg_on_white() -> None:
    service = Service()

    guardrail(service).check(CLEAR)

    with Image.open(io.BytesIO(service.seen[0]), formats=("JPEG",)) as seen:
        assert (seen.size, seen.getpixel((0, 0))) == ((32, 32), (255, 255, 255))


def test_an_image_that_nobody_judges_is_delivered_or_given_to_another_worker_as_the_stage_says() -> None:
    broken = Service(broken=True)
    guardrail(broken, "accept").check(CLEAR)
    with pytest.raises(ModerationUnavailable) as unavailable:
        guardrail(broken).check(CLEAR)

    handle = FakeHandle(a_batch(a_job(seeds=(7,))))
    claim = Claim(handle, a_job(seeds=(7,)), stored=())
    claim.record_failure(0, unavailable.value)

    assert [type(answer) for answer in handle.answers] == [ModerationUnavailable]


@pytest.mark.parametrize("guardrail_id", ["", "g1"])
def test_a_worker_asks_the_guardrail_of_a_stage_that_has_one(
    monkeypatch: pytest.MonkeyPatch, guardrail_id: str
) -> None:
    monkeypatch.setattr("gpu_tasks.renderers.loading.load_renderer", lambda fetch, settings, *checks: checks)
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)

    checks = load_worker_renderer(replace(WORKER_SETTINGS, guardrail_id=guardrail_id, guardrail_version="3"))

    assert [type(check) for check in checks] == ([GuardrailCheck] if guardrail_id else [])  # type: ignore[attr-defined]


def test_a_picture_that_is_not_judged_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Craftspark")

    log_moderation_failure(ModerationUnavailable("not now"))

    assert [vars(record)["PictureUnmoderated"] for record in caplog.records] == [1]
