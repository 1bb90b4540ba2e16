"""`python -m gpu_tasks.training finetune DATA --name NAME --run RUN --out OUT` trains an adapter for a style or a
subject of any model whose family can learn styles.

A dozen captioned pictures become an adapter (gpu_tasks/inference/adapters.py): a folder with half-precision weights,
`adapter.json`, `before-after.png`, `README.md` and a manifest. The folder is written atomically. Held-out pictures
provide the prompts of the grid and, with --likeness, the figures of style.py before and after.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from craftspark.errors.training import AdapterExists, DiskTooSmall, RecipeUnfit, SubjectsMissing, TooFewPictures
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import manifests, model_store
from gpu_tasks.inference.adapters import FACTS, Adapter, hash_denoiser
from gpu_tasks.inference.encoders.likeness import Likeness
from gpu_tasks.inference.families import Denoiser
from gpu_tasks.training.checkpoint import PARTIAL, Run
from gpu_tasks.training.dataset.dataset import (
    MAX_STYLE_PICTURES,
    MIN_STYLE_PICTURES,
    Dataset,
    hash_pictures,
    read_names,
)
from gpu_tasks.training.dataset.encoding import encode
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.dataset.picture import CaptionedPicture
from gpu_tasks.training.evaluation.adapter_effect import EffectMeasurement
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.loop import NO_HOOKS, Intervals, Schedule, print_line, train
from gpu_tasks.training.networks.denoising import DenoisingLoss, Objective
from gpu_tasks.training.options import check_device
from gpu_tasks.training.styles.base import Base
from gpu_tasks.training.styles.card import write_card
from gpu_tasks.training.styles.lora import add_lora, save_lora

BASE = model_store.BUILT_IN / "craftspark-clipart-128"
MIN_HELD_OUT = 8  # for figures: half of them show the style, half are prompts
ROOM = 64 << 20  # bytes for the encoded pictures, and the same for the adapter's folder
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
EXAMPLES = "examples.safetensors"
AVERAGE_DECAY = 0.99  # fast enough for a run of a few hundred steps

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FinetuneRequest:
    """A request. `run` can be an existing run, which is resumed. `out` must not exist.

    `base` is the folder of the catalogue's `model`. `parts` divides a step's batch, by default as the device requires.
    """

    data: Path
    name: str
    run: Path
    out: Path
    base: Path = BASE
    model: str = BASE.name
    steps: int = 250
    rate: float = 4e-4
    rank: int = 4
    batch: int = 16
    parts: int | None = None
    seed: int = 0
    style: str | None = None
    subjects: Path | None = None
    pictures: int | None = None
    hold_out: int = 0
    word: str | None = None
    likeness: Path | None = None
    device: str = "cpu"
    checkpoint_every: int = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    request = FinetuneRequest(data=Path(), name="", run=Path(), out=Path())
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of captioned images, or a dataset folder")
    parser.add_argument("--name", required=True, help="name of the adapter: lowercase words joined by hyphens")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run; an existing run is resumed")
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapter; must not exist")
    parser.add_argument("--base", type=Path, default=request.base, help="model folder that the adapter is for")
    parser.add_argument("--model", default=request.model, help="name of that model in the catalogue")
    parser.add_argument("--steps", type=int, default=request.steps)
    parser.add_argument("--rate", type=float, default=request.rate, help="peak learning rate")
    parser.add_argument("--rank", type=int, default=request.rank, help="rank of the matrices of the adapter")
    parser.add_argument("--batch", type=int, default=request.batch, help="batch size, all parts together")
    parser.add_argument(
        "--parts", type=int, help="number of parts of a batch (default: 2 on a CPU, on a GPU as many as it needs)"
    )
    parser.add_argument("--seed", type=int, default=request.seed, help="random seed")
    parser.add_argument("--style", help="use only images of this style")
    parser.add_argument("--subjects", type=Path, help="use only the subjects in this file, one name per line")
    parser.add_argument(
        "--pictures",
        type=int,
        help=f"number of training images, {MIN_STYLE_PICTURES} to {MAX_STYLE_PICTURES} (default: all)",
    )
    parser.add_argument(
        "--hold-out", type=int, default=request.hold_out, help="number of images to hold out from training"
    )
    parser.add_argument("--word", help="trigger word before each caption and later before each prompt")
    parser.add_argument("--likeness", type=Path, help="likeness encoder to evaluate with before and after training")
    parser.add_argument("--device", default=request.device)
    parser.add_argument("--checkpoint-every", type=int, default=request.checkpoint_every)


def run(arguments: argparse.Namespace) -> None:
    """Fine-tune and write the adapter. Raises a TrainingError, or ModelUnavailable for a damaged base."""
    names = FinetuneRequest.__dataclass_fields__
    request = FinetuneRequest(**{name: value for name, value in vars(arguments).items() if name in names})
    finetune(request)


def finetune(request: FinetuneRequest, *, say: Say = print_line, hooks: Hooks = NO_HOOKS) -> Path:
    """Train from the run's latest checkpoint and write the adapter. Returns its folder.

    All checks run before the first step. The same request gives the same bytes, even after interruptions. Raises a
    TrainingError or ModelUnavailable, and SpotInterrupted if the hooks stop the run.
    """
    base = Base.find(request.model, request.base, request.device)
    schedule = Schedule(
        steps=request.steps,
        rate=request.rate,
        parts=base.parts(request.batch) if request.parts is None else request.parts,
        warm_up=20,
        average_decay=AVERAGE_DECAY,
    )
    schedule.check(request.batch)
    check_request(request)
    check_device(request.device)
    dataset = replace(Dataset.open(request.data), size=base.side)
    learned, held_out = split_dataset(dataset, request)
    pixels = learned.pixels()
    likeness = Likeness.open(request.likeness, request.base) if request.likeness else None
    showing = EffectMeasurement.prepare(dataset, learned, held_out, request.word, likeness)
    objective = Objective(seed=request.seed, batch=request.batch, recoloured=0.0, caption_dropout=0.1)
    model = base.open()
    recipe = build_recipe(request, base.denoiser, schedule, objective, learned.pictures, pixels)
    this_run = Run.start(request.run, recipe)
    check_room(request)
    say(f"{len(learned.pictures)} training images, {len(held_out.pictures)} held out")
    before = showing.draw(model, base.entry, base.side)
    words = add_word(learned.pictures, request.word)
    make = partial(encode, words, pixels, model, base.learning, recoloured=False)
    examples = Examples.load_or_make(this_run.folder / EXAMPLES, make)
    network = base.network(model)
    add_lora(network, base.learning.targets, request.rank, request.seed)
    average = train(
        network,
        DenoisingLoss(examples, model, base.learning, objective, schedule.parts, request.device),
        this_run,
        schedule,
        Intervals(checkpoint=request.checkpoint_every, sample=request.steps + 1),
        hooks=hooks,
        say=say,
        threads=base.threads,
    )
    setattr(model, base.denoiser, average)
    after = showing.draw(model, base.entry, base.side)
    figures = showing.figures(model, before, after)
    if figures:
        say(json.dumps(figures, indent=1))
    facts = Adapter(
        name=request.name,
        base=request.model,
        denoiser_sha256=recipe["denoiser_sha256"],
        rank=request.rank,
        word=request.word,
        recipe=recipe,
    )
    write_adapter(
        request.out,
        facts,
        base.denoiser,
        average,
        lambda folder: showing.write(folder, before, after),
        learned,
        figures,
    )
    say(f"Wrote the adapter {request.name} for {facts.base} after step {request.steps} to {request.out}")
    return request.out


def check_request(request: FinetuneRequest) -> None:
    """Raise RecipeUnfit or AdapterExists for requests that fail with any pictures."""
    if not SLUG.fullmatch(request.name):
        raise RecipeUnfit(f"--name is lower-case words joined by hyphens, not {request.name!r}", field="name")
    if request.out.exists():
        raise AdapterExists(f"{request.out} is there already; remove it or name another --out", field="out")
    if request.rank < 1 or request.rate <= 0 or request.hold_out < 0 or request.checkpoint_every < 1:
        raise RecipeUnfit("--rank, --rate and --checkpoint-every must be above 0 and --hold-out at least 0")
    if request.likeness and request.hold_out < MIN_HELD_OUT:
        raise RecipeUnfit(f"--likeness needs --hold-out {MIN_HELD_OUT} or more", field="hold_out")
    if request.word is not None and not request.word.strip():
        raise RecipeUnfit("--word is empty", field="word")


def split_dataset(dataset: Dataset, request: FinetuneRequest) -> tuple[Dataset, Dataset]:
    """Return the pictures to learn from and the held-out ones, selected by the seed. Raises TooFewPictures,
    RecipeUnfit, SubjectsMissing.
    """
    names = read_names(request.subjects) if request.subjects else None
    chosen = dataset.only(styles=[request.style] if request.style else None, names=names).pictures
    if not chosen:
        raise SubjectsMissing(f"{request.data} has no images of the requested style and subjects")
    count = len(chosen) - request.hold_out if request.pictures is None else request.pictures
    if count < MIN_STYLE_PICTURES or count + request.hold_out > len(chosen):
        raise TooFewPictures(
            f"{request.data} has {len(chosen)} matching images, of which {request.hold_out} are held out; training "
            f"requires at least {request.pictures or MIN_STYLE_PICTURES}"
        )
    if count > MAX_STYLE_PICTURES:
        raise RecipeUnfit(
            f"{count} images exceed the maximum of {MAX_STYLE_PICTURES}; set --pictures", field="pictures"
        )
    order = np.random.default_rng(request.seed).permutation(len(chosen)).tolist()
    learned = [chosen[index] for index in order[:count]]
    kept = [chosen[index] for index in order[count : count + request.hold_out]]
    return replace(dataset, pictures=tuple(learned)), replace(dataset, pictures=tuple(kept))


def add_word(pictures: tuple[CaptionedPicture, ...], word: str | None) -> list[CaptionedPicture]:
    """Return the pictures with the word before each of their names."""
    if word is None:
        return list(pictures)
    return [
        replace(
            picture,
            name=f"{word}, {picture.name}",
            synonyms=tuple(f"{word}, {synonym}" for synonym in picture.synonyms),
        )
        for picture in pictures
    ]


def check_room(request: FinetuneRequest) -> None:
    """Raise DiskTooSmall if the run's examples or the adapter would not fit. The loop checks the checkpoints."""
    for folder in (request.run, find_existing_parent(request.out)):
        if (free := shutil.disk_usage(folder).free) < ROOM:
            raise DiskTooSmall(f"{folder} needs {ROOM >> 20} MiB and has {free >> 20}")


def find_existing_parent(path: Path) -> Path:
    """Return the nearest existing folder above a path."""
    return next(folder for folder in path.absolute().parents if folder.exists())


def build_recipe(
    request: FinetuneRequest,
    denoiser: Denoiser,
    schedule: Schedule,
    objective: Objective,
    pictures: tuple[CaptionedPicture, ...],
    pixels: Pixels,
) -> dict[str, Any]:
    """Return all values that the weights depend on."""
    return {
        "trains": "adapter",
        "base": manifests.hash_model(request.base),
        "denoiser_sha256": hash_denoiser(request.base, denoiser),
        "pictures": hash_pictures(pictures, pixels),
        "rank": request.rank,
        "word": request.word,
        **asdict(schedule),
        **asdict(objective),
    }


def write_adapter(
    out: Path,
    facts: Adapter,
    denoiser: Denoiser,
    network: nn.Module,
    show: Callable[[Path], None],
    learned: Dataset,
    figures: dict[str, Any],
) -> None:
    """Write the folder under a temporary name, then rename it."""
    partial = out.with_name(f"{out.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_lora(network, denoiser, partial)
    (partial / FACTS).write_text(json.dumps(asdict(facts), indent=1) + "\n")
    show(partial)
    write_card(partial, facts, denoiser, learned.pictures, figures)
    for path in partial.iterdir():
        path.chmod(0o644)  # weights are private by default, and a worker is another user
    manifests.write_manifest(partial)
    partial.rename(out)
