import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessor

from craftspark.errors import UnsafeContent
from gpu_tasks.model_store import BUILT_IN
from gpu_tasks.safety import THRESHOLD, CheckerJudge, NsfwJudge, judge_of
from tests.gpu.rendering import Lenient, an_order_of, render
from tests.gpu.test_second_try import Moody, an_order, studio_of

CLEAR = np.zeros((32, 32, 4), np.uint8)


def test_drawings_are_far_from_the_limit() -> None:
    judge = NsfwJudge()
    orders = [
        an_order_of("picture", 1, json.dumps({"prompt": prompt, "steps": 4}))
        for prompt in ("baby", "peach", "person in bed", "bikini")
    ]

    for drawn in render(*orders):
        assert judge._score(Image.fromarray(drawn.pixels)) < THRESHOLD / 2
        judge.check(drawn.pixels)


@pytest.mark.parametrize(("score", "refused"), [(THRESHOLD, True), (THRESHOLD - 0.01, False)])
def test_a_picture_at_the_limit_is_withheld(score: float, refused: bool) -> None:
    judge = NsfwJudge(lambda _: score)

    if refused:
        with pytest.raises(UnsafeContent):
            judge.check(CLEAR)
    else:
        judge.check(CLEAR)


def test_what_is_clear_is_looked_at_as_it_is_seen_on_white() -> None:
    seen = []
    NsfwJudge(lambda picture: seen.append(picture) or 0.0).check(CLEAR)  # type: ignore[func-returns-value]

    assert seen[0].mode == "RGB"
    assert seen[0].getpixel((0, 0)) == (255, 255, 255)


def test_an_unsafe_image_is_not_finished() -> None:
    renderer = Moody(None)
    order = an_order(7)
    strict = studio_of(renderer, NsfwJudge(lambda _: 1.0))
    [drawn] = strict.render([order], lambda _: None)

    with pytest.raises(UnsafeContent):
        strict.finish(order, drawn)  # type: ignore[arg-type]
    assert studio_of(renderer, Lenient()).finish(order, drawn)  # type: ignore[arg-type]


def a_checker(tmp_path, *, strict: bool):  # type: ignore[no-untyped-def]
    """A small safety checker in Diffusers' format, that refuses everything or nothing."""
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
    return judge_of(tmp_path)


def test_a_model_s_own_safety_checker_judges_its_pictures(tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = np.random.default_rng(0).integers(0, 255, (48, 48, 3), np.uint8)
    lenient, strict = a_checker(tmp_path / "a", strict=False), a_checker(tmp_path / "b", strict=True)

    assert isinstance(lenient, CheckerJudge)
    lenient.check(picture)
    with pytest.raises(UnsafeContent):
        strict.check(picture)


def test_a_model_without_one_is_judged_by_open_nsfw() -> None:
    assert isinstance(judge_of(BUILT_IN / "craftspark-clipart-128"), NsfwJudge)
