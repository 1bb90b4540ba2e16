from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL

from gpu_tasks.inference import model_store
from gpu_tasks.training.__main__ import DONE, main
from gpu_tasks.training.checkpoint import Run
from gpu_tasks.training.evaluation.evaluate import to_pixels
from gpu_tasks.training.loop import Intervals, Schedule, train
from gpu_tasks.training.networks.decoder import (
    Decoder,
    DecodingLoss,
    VariedPictures,
    encode_pictures,
    measure_frame,
    measure_psnr,
    prepare_picture,
)
from tests.gpu.small_data import a_disc

BUILT_IN = model_store.BUILT_IN / "craftspark-clipart-128"


def an_autoencoder() -> AutoencoderKL:
    return AutoencoderKL.from_pretrained(BUILT_IN / "vae", torch_dtype=torch.float32).eval()


def test_a_picture_on_white_becomes_the_same_pixels_again() -> None:
    disc = a_disc(size=32)

    pixels = to_pixels(prepare_picture(disc)[None])[0]

    assert (pixels[16, 4] == disc[16, 4, :3]).all()
    assert (pixels[0, 0] == 255).all()


def test_a_clear_pixel_shows_the_ground() -> None:
    assert (to_pixels(prepare_picture(a_disc(size=32), np.array([10, 20, 30]))[None])[0, 0, 0] == [10, 20, 30]).all()


def test_the_same_seed_draws_the_same_pictures() -> None:
    pictures = VariedPictures(pixels=np.stack([a_disc(), a_disc((85, 172, 238))]), favoured=[0])

    assert torch.equal(pictures.draw(6, seed=1), pictures.draw(6, seed=1))
    assert not torch.equal(pictures.draw(6, seed=1), pictures.draw(6, seed=2))


def test_an_error_at_a_corner_counts_more_than_one_inside() -> None:
    at_corner, inside = torch.zeros(2, 1, 3, 16, 16)
    at_corner[..., 0, -1] = inside[..., 8, 8] = 1

    assert measure_frame(at_corner) > 0.05
    assert measure_frame(inside) == 0


def test_training_brings_a_decoded_picture_nearer_to_its_original(tmp_path: Path) -> None:
    autoencoder = an_autoencoder()
    disc = a_disc(size=64)
    wanted = prepare_picture(disc)[None]
    latents = encode_pictures(autoencoder, wanted)
    with torch.no_grad():
        before = measure_psnr(Decoder(autoencoder)(latents), wanted)

    learned = train(
        Decoder(autoencoder),
        DecodingLoss(VariedPictures(pixels=disc[None], favoured=[0]), an_autoencoder(), seed=0, size=2),
        Run.start(tmp_path, {}),
        Schedule(steps=40, rate=5e-4, warm_up=5, parts=1),
        Intervals(checkpoint=40, report=40, sample=40),
        say=lambda _line: None,
    )

    with torch.no_grad():
        assert measure_psnr(learned(latents), wanted) > before + 0.3


def test_a_decoder_is_trained_resumed_and_exported_with_the_encoder_as_it_was(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, model = tmp_path / "run", tmp_path / "model"
    words = ["decoder", str(data), str(run), "--start", str(BUILT_IN), "--steps", "2", "--batch", "2"]

    codes = [main([*words, "--checkpoint-every", "1"]), main(words)]
    codes.append(main(["export", str(run), str(model), "--start", str(BUILT_IN)]))

    assert codes == [DONE] * 3
    assert "resumed after step 2" in capsys.readouterr().out
    assert (run / "samples/00000002.png").exists()
    new, old = (
        AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).state_dict()
        for folder in (model, BUILT_IN)
    )
    changed = {name.split(".")[0] for name in new if not torch.equal(new[name], old[name])}
    assert changed == {"decoder", "post_quant_conv"}
