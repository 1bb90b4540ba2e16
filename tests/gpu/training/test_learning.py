"""What a family says about its training is what its pipeline does when it draws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from craftspark.errors.training import DiskTooSmall
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from gpu_tasks.inference.families import find_family, list_families
from gpu_tasks.inference.families.stable_diffusion import LEARNING
from gpu_tasks.inference.learning import ATTENTION, Learning, Noisy
from gpu_tasks.inference.model_store import open_pipeline
from gpu_tasks.training.checkpoint import find_trainable
from gpu_tasks.training.dataset.encoding import encode_texts, join
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.networks.noise import find_process
from gpu_tasks.training.styles.base import Base
from gpu_tasks.training.styles.finetune import BASE
from gpu_tasks.training.styles.lora import add_lora
from tests.gpu.models.test_families import ENTRIES, pytestmark  # noqa: F401 - filters warnings of Diffusers

SIDE = 64
PROMPTS = ["a red apple", "fish"]
# One model of each family that learns styles, and those of another prediction or shape.
LEARNERS = [
    *("sd-1.5", "sd-2.1-v", "sdxl", "sd-3", "flux-schnell", "flux-dev", "flux2-klein"),
    *("chroma", "z-image", "qwen-image", "sana", "lumina2"),
]


def learning_of(entry: Model) -> Learning:
    learning = find_family(entry.family).learning
    assert learning
    return learning


def draw(pipeline: Any, entry: Model) -> Any:
    """Draw the prompts in two steps without guidance: some schedulers divide by zero in one."""
    family = find_family(entry.family)
    return pipeline(
        **{
            "prompt": list(PROMPTS),  # some pipelines change it
            "num_inference_steps": 2,
            "width": SIDE,
            "height": SIDE,
            "generator": [torch.Generator().manual_seed(seed) for seed in range(len(PROMPTS))],
            "output_type": "pt",
            family.guidance: entry.guidance.off,
            **family.arguments,
        }
    ).images


@pytest.mark.parametrize("name", LEARNERS)
def test_training_calls_the_network_as_drawing_does(
    name: str, tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = ENTRIES[name]
    pipeline, learning = open_pipeline(tiny_model(name)), learning_of(entry)
    steps: list[tuple[Tensor, Tensor, Tensor]] = []
    step = pipeline.scheduler.step
    scale = getattr(pipeline.scheduler, "scale_model_input", lambda latents, _time: latents)

    def note(predicted: Tensor, time: Tensor, latents: Tensor, **options: Any) -> Any:
        steps.append((predicted, time, scale(latents, time)))
        return step(predicted, time, latents, **options)

    monkeypatch.setattr(pipeline.scheduler, "step", note)
    draw(pipeline, entry)

    with torch.no_grad():
        conditions = learning.encode_prompts(pipeline, PROMPTS)
        for predicted, time, latents in steps:
            noisy = Noisy(latents=latents, times=time.expand(len(PROMPTS)), conditions=conditions, side=SIDE)
            told = learning.predict(pipeline, getattr(pipeline, find_family(entry.family).denoiser), noisy)
            torch.testing.assert_close(told, predicted, rtol=1e-4, atol=1e-5)
    assert len(steps) >= 2


@pytest.mark.parametrize("name", LEARNERS)
def test_a_picture_s_latents_decode_to_the_picture_s_own_reconstruction(
    name: str, tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = ENTRIES[name]
    pipeline = open_pipeline(tiny_model(name))
    pictures = torch.rand(len(PROMPTS), 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        latents = learning_of(entry).encode_pictures(pipeline, pictures)
        wanted = reconstruct(pipeline.vae, pictures)
    monkeypatch.setattr(pipeline.scheduler, "step", lambda *_, **__: (latents,))

    torch.testing.assert_close(draw(pipeline, entry), wanted, rtol=1e-4, atol=1e-4)


def reconstruct(vae: Any, pictures: Tensor) -> Tensor:
    """Encode and decode pictures with only the autoencoder. Returns 0 to 1."""
    frames = pictures.unsqueeze(2) if "QwenImage" in type(vae).__name__ else pictures
    encoded = vae.encode(frames)
    decoded = vae.decode(encoded.latent if hasattr(encoded, "latent") else encoded.latent_dist.mode()).sample
    shown: Tensor = (decoded.reshape(pictures.shape) / 2 + 0.5).clamp(0, 1)
    return shown


@pytest.mark.parametrize("name", LEARNERS)
def test_a_true_prediction_leads_the_scheduler_from_any_noise_to_the_picture(
    name: str, tiny_model: Callable[[str], Path]
) -> None:
    scheduler = open_pipeline(tiny_model(name)).scheduler
    generator = torch.Generator().manual_seed(0)
    latents, noise = torch.randn(2, 5, 4, generator=generator)
    noisy, target, times = find_process(scheduler).mix(latents, noise, torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9]))

    if isinstance(scheduler, diffusers.FlowMatchEulerDiscreteScheduler):
        level = times[:, None] / scheduler.config.num_train_timesteps
        mixed, reached = (1 - level) * latents + level * noise, noisy - level * target
    else:
        whole = diffusers.DDPMScheduler.from_config(scheduler.config, clip_sample=False)
        steps = [whole.step(*each) for each in zip(target[:, None], times.tolist(), noisy[:, None], strict=True)]
        mixed, reached = (
            whole.add_noise(latents, noise, times),
            torch.cat([each.pred_original_sample for each in steps]),
        )

    torch.testing.assert_close(noisy, mixed, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(reached, latents, rtol=1e-3, atol=1e-3)


def test_the_levels_of_a_flow_are_shifted_towards_noise_as_in_drawing() -> None:
    still, shifted = (
        find_process(diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)).mix(
            torch.zeros(3, 1), torch.ones(3, 1), torch.tensor([0.0, 0.5, 1.0])
        )[2]
        for shift in (1.0, 3.0)
    )

    assert still[1] == 500
    assert shifted[1] == 750
    assert (shifted[[0, 2]] > still[[0, 2]]).all()
    assert shifted[2] < 1000


@pytest.mark.parametrize(
    ("name", "device", "parts"),
    [
        ("craftspark-clipart-128", "cpu", 2),
        ("craftspark-clipart-128", "cuda", 1),
        ("stable-diffusion-v1-5", "cuda", 4),
        ("flux2-klein-4b", "cuda", 16),
    ],
)
def test_a_batch_is_divided_into_parts_that_fit_a_gpu(name: str, device: str, parts: int, tmp_path: Path) -> None:
    assert Base.find(name, tmp_path, device).parts(16) == parts


def test_pictures_have_the_first_square_size_that_a_model_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = find_model("flux2-klein-4b")
    sizes = ("832x1216", "768x768", "1024x1024")
    monkeypatch.setitem(CATALOGUE, entry.name, replace(entry, sizes=sizes, default_size=sizes[0]))

    assert Base.find(entry.name, tmp_path, "cpu").side == 768


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_the_matrices_of_an_adapter_have_single_precision_around_any_weights(
    kind: torch.dtype, tiny_model: Callable[[str], Path]
) -> None:
    network = open_pipeline(tiny_model("flux-schnell"), kind).transformer

    add_lora(network, ATTENTION, 2, 0)

    trained = find_trainable(network)
    assert {name.rpartition(".lora_")[0].rpartition(".")[2] for name in trained} >= {"to_q", "add_q_proj"}
    assert {parameter.dtype for parameter in trained.values()} == {torch.float32}
    assert {parameter.dtype for parameter in network.parameters() if not parameter.requires_grad} == {kind}


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_captions_are_kept_in_16_bits_without_leaving_the_range_of_their_numbers(
    kind: torch.dtype, tmp_path: Path
) -> None:
    large = 3e38 if kind == torch.bfloat16 else 60_000
    learning = replace(LEARNING, encode_prompts=lambda *_: {"states": torch.full((2, 3, 4), large, dtype=kind)})

    states = encode_texts(["a", "b"], open_pipeline(BASE), learning)["states"]

    assert states.element_size() == 2
    assert torch.isfinite(states).all()


def test_no_two_threads_use_a_tokenizer_because_a_call_changes_its_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    meeting = threading.Barrier(2)
    met = []

    def encode(_pipeline: Any, prompts: list[str]) -> dict[str, Tensor]:
        with suppress(threading.BrokenBarrierError):
            met.append(meeting.wait(timeout=0.5))
        return {"states": torch.zeros(len(prompts), 3, 4)}

    learning = replace(LEARNING, encode_prompts=encode, prompts_at_once=1)
    encode_texts(["a", "b"], open_pipeline(BASE), learning)

    assert not met


def test_captions_of_fewer_tokens_are_filled_with_zeros() -> None:
    joined = join([torch.ones(2, 3, 4), torch.ones(1, 5, 4)])

    assert joined.shape == (3, 5, 4)
    assert joined[:2, 3:].sum() == 0
    assert join([torch.ones(2, 3).bool(), torch.ones(1, 5).bool()]).sum() == 11


def test_a_disk_without_room_for_the_examples_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = Examples(
        latents=torch.zeros(2, 4, 8, 8),
        conditions={"states": torch.zeros(3, 7, 16)},
        subjects=[],
        no_caption=0,
        side=64,
    )
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=2 * 4 * 8 * 8 * 4))

    with pytest.raises(DiskTooSmall, match="encoded pictures"):
        examples.save(tmp_path / "examples.safetensors")
    assert not list(tmp_path.iterdir())


def test_families_that_cannot_learn_styles_are_known() -> None:
    assert {name for name, family in list_families().items() if not family.learning} == {
        "latent-consistency",
        "pixart-sigma",
        "sana-sprint",
    }
