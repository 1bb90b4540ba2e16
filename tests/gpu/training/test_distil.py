import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from gpu_tasks.inference import manifests, model_store
from gpu_tasks.training.__main__ import DONE, main
from gpu_tasks.training.networks.distil import Goal, Teacher, build_legs

BUILT_IN = model_store.BUILT_IN / "craftspark-clipart-128"
GOAL = Goal(seed=0, batch=4, few=(4,), guidance=4.0, rescale=0.5, recoloured=0.0)


@pytest.fixture(scope="module")
def model() -> Any:
    pipeline = StableDiffusionPipeline.from_pretrained(
        BUILT_IN, dtype=torch.float32, safety_checker=None, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def states_of(model: Any, text: str) -> torch.Tensor:
    with torch.no_grad():
        states, nothing = model.encode_prompt(text, "cpu", 1, True, "")
    return torch.cat([states, nothing])


@pytest.mark.parametrize("steps", [4, 8, 20])
def test_the_times_are_those_of_the_models_own_scheduler(model: Any, steps: int) -> None:
    scheduler: DDIMScheduler = copy.deepcopy(model.scheduler)
    scheduler.set_timesteps(steps)

    assert Teacher(model.unet, scheduler, GOAL).grid(steps) == [*scheduler.timesteps.tolist(), -1]


def test_one_step_along_the_target_arrives_where_two_guided_steps_of_diffusers_arrive(model: Any) -> None:
    states, nothing = states_of(model, "red apple").chunk(2)
    noisy = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    teacher = Teacher(model.unet, model.scheduler, GOAL)
    seen: list[torch.Tensor] = []

    def after_step(_pipeline: Any, _step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        seen.append(values["latents"].clone())
        return values

    model(
        "red apple",
        latents=noisy.clone(),
        num_inference_steps=8,
        guidance_scale=GOAL.guidance,
        guidance_rescale=GOAL.rescale,
        callback_on_step_end=after_step,
        output_type="latent",
    )

    velocity = teacher.target(noisy, build_legs(teacher, (4,))[:1], states, nothing)

    scheduler = copy.deepcopy(model.scheduler)
    scheduler.set_timesteps(4)
    arrived = scheduler.step(velocity, scheduler.timesteps[0], noisy).prev_sample
    torch.testing.assert_close(arrived, seen[1], atol=2e-3, rtol=1e-3)


def test_every_number_of_steps_weighs_the_same(model: Any) -> None:
    rows = build_legs(Teacher(model.unet, model.scheduler, GOAL), (4, 8))

    assert len(rows) == 16
    assert rows[0].tolist() == [999, 874, 749]
    assert rows[-1].tolist() == [124, 61, -1]


def test_a_unet_is_distilled_resumed_and_exported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_tasks.training.networks.distil.PROMPTS", ("ball",))
    run, model = tmp_path / "run", tmp_path / "model"
    words = ["distil", str(data), str(run), "--start", str(BUILT_IN), "--steps", "2", "--batch", "4", "--few", "2"]

    codes = [main([*words, "--checkpoint-every", "1"]), main(words)]
    codes.append(main(["export", str(run), str(model), "--start", str(BUILT_IN)]))

    assert codes == [DONE] * 3
    assert "resumed after step 2" in capsys.readouterr().out
    assert (run / "samples/00000002-2-steps.png").exists()
    manifests.check(model)
