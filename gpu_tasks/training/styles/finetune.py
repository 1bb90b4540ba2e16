"""`python -m gpu_tasks.training finetune DATA --name NAME --run RUN --out OUT` teaches a model a style or a subject.

A dozen captioned pictures become an adapter (gpu_tasks/inference/adapters.py): a folder with the adapter's weights,
half precision, `adapter.json`, `before-after.png`, `README.md` and a manifest. It appears whole or not at all. What is
held out gives the prompts of the grid and, with --likeness, the figures of style.py before and after.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference import model_store
from gpu_tasks.inference.adapters import FACTS, Adapter, unet_sha256
from gpu_tasks.training.checkpoint import PARTIAL, Run
from gpu_tasks.training.dataset.dataset import STYLE_LEAST as LEAST
from gpu_tasks.training.dataset.dataset import STYLE_MOST as MOST
from gpu_tasks.training.dataset.dataset import Dataset, digest_of, read_names
from gpu_tasks.training.dataset.examples import Examples
from gpu_tasks.training.dataset.picture import Picture
from gpu_tasks.training.errors import AdapterExists, DiskTooSmall, RecipeUnfit, SubjectsMissing, TooFewPictures
from gpu_tasks.training.evaluation.adapter_effect import Showing
from gpu_tasks.training.evaluation.encoder import Likeness
from gpu_tasks.training.evaluation.evaluate import load_model, with_unet
from gpu_tasks.training.hooks import Hooks
from gpu_tasks.training.loop import NO_HOOKS, Rhythm, Schedule, train
from gpu_tasks.training.networks.unet import Objective, VelocityLoss
from gpu_tasks.training.options import check_device
from gpu_tasks.training.styles.card import write_card
from gpu_tasks.training.styles.lora import add_lora, save_lora

BASE = model_store.BUILT_IN / "craftspark-clipart-128"
HELD_OUT_LEAST = 8  # for figures: half of them show the style, half are asked for
ROOM = 64 << 20  # bytes for the encoded pictures, and as many for the adapter's folder
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
AVERAGE_DECAY = 0.99  # a run of a few hundred steps has no time for a slower one

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Finetuning:
    """What is asked for. `run` may be one that was begun: it goes on. `out` is not there yet."""

    data: Path
    name: str
    run: Path
    out: Path
    base: Path = BASE
    steps: int = 250
    rate: float = 4e-4
    rank: int = 4
    batch: int = 16
    parts: int = 2
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
    asked = Finetuning(data=Path(), name="", run=Path(), out=Path())
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of captioned images, or a dataset folder")
    parser.add_argument("--name", required=True, help="name of the adapter: lowercase words joined by hyphens")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run; an existing run is resumed")
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapter; must not exist")
    parser.add_argument("--base", type=Path, default=asked.base, help="model folder that the adapter is for")
    parser.add_argument("--steps", type=int, default=asked.steps)
    parser.add_argument("--rate", type=float, default=asked.rate, help="peak learning rate")
    parser.add_argument("--rank", type=int, default=asked.rank, help="rank of the matrices of the adapter")
    parser.add_argument("--batch", type=int, default=asked.batch, help="batch size, all parts together")
    parser.add_argument(
        "--parts", type=int, default=asked.parts, help="number of parts of a batch that run in parallel"
    )
    parser.add_argument("--seed", type=int, default=asked.seed, help="random seed")
    parser.add_argument("--style", help="use only images of this style")
    parser.add_argument("--subjects", type=Path, help="use only the subjects in this file, one name per line")
    parser.add_argument("--pictures", type=int, help=f"number of training images, {LEAST} to {MOST} (default: all)")
    parser.add_argument(
        "--hold-out", type=int, default=asked.hold_out, help="number of images to hold out from training"
    )
    parser.add_argument("--word", help="trigger word before each caption and later before each prompt")
    parser.add_argument("--likeness", type=Path, help="likeness encoder to evaluate with before and after training")
    parser.add_argument("--device", default=asked.device)
    parser.add_argument("--checkpoint-every", type=int, default=asked.checkpoint_every)


def run(arguments: argparse.Namespace) -> None:
    """Fine-tune and write the adapter; raises a TrainingError, or ModelUnavailable for a broken base."""
    names = Finetuning.__dataclass_fields__
    asked = Finetuning(**{name: value for name, value in vars(arguments).items() if name in names})
    finetune(asked, say=lambda line: print(line, flush=True))


def finetune(asked: Finetuning, *, say: Say = print, hooks: Hooks = NO_HOOKS) -> Path:
    """Train from the run's latest checkpoint and write the adapter; answers its folder.

    Everything that can be refused is, before the first step. The same request gives the same bytes, however often its
    run was cut off. Raises a TrainingError or ModelUnavailable, and SpotInterrupted where the hooks say so.
    """
    schedule = Schedule(steps=asked.steps, rate=asked.rate, parts=asked.parts, warm_up=20, average_decay=AVERAGE_DECAY)
    schedule.check(asked.batch)
    check_request(asked)
    check_device(asked.device)
    model_store.check(asked.base)
    dataset = Dataset.open(asked.data)
    learned, held_out = divided(dataset, asked)
    pixels = learned.pixels()
    likeness = Likeness.open(asked.likeness, asked.base) if asked.likeness else None
    showing = Showing.prepare(dataset, learned, held_out, asked.word, likeness)
    objective = Objective(seed=asked.seed, batch=asked.batch, recoloured=0.0, caption_dropout=0.1)
    recipe = recipe_of(asked, schedule, objective, learned.pictures, pixels)
    this_run = Run.begin(asked.run, recipe)
    check_room(asked)
    model = load_model(asked.base).to(asked.device)
    say(f"{len(learned.pictures)} training images, {len(held_out.pictures)} held out")
    before = showing.draw(model)
    examples = Examples.cached(
        this_run.folder / "examples.safetensors", with_word(learned.pictures, asked.word), pixels, model
    )
    network = copy.deepcopy(model.unet)
    add_lora(network, asked.rank, asked.seed)
    average = train(
        network,
        VelocityLoss(examples, model.scheduler, objective, schedule.parts, asked.device),
        this_run,
        schedule,
        Rhythm(checkpoint=asked.checkpoint_every, sample=asked.steps + 1),
        hooks=hooks,
        say=say,
    )
    after = showing.draw(with_unet(model, average))
    figures = showing.figures(model, before, after)
    if figures:
        say(json.dumps(figures, indent=1))
    facts = Adapter(
        name=asked.name,
        base=asked.base.name,
        unet_sha256=recipe["unet_sha256"],
        rank=asked.rank,
        word=asked.word,
        recipe=recipe,
    )
    write_adapter(asked.out, facts, average, lambda folder: showing.write(folder, before, after), learned, figures)
    say(f"Wrote the adapter {asked.name} for {facts.base} after step {asked.steps} to {asked.out}")
    return asked.out


def check_request(asked: Finetuning) -> None:
    """Raise RecipeUnfit or AdapterExists for what no pictures could mend."""
    if not SLUG.fullmatch(asked.name):
        raise RecipeUnfit(f"--name is lower-case words joined by hyphens, not {asked.name!r}", field="name")
    if asked.out.exists():
        raise AdapterExists(f"{asked.out} is there already; remove it or name another --out", field="out")
    if asked.rank < 1 or asked.rate <= 0 or asked.hold_out < 0 or asked.checkpoint_every < 1:
        raise RecipeUnfit("--rank, --rate and --checkpoint-every must be above 0 and --hold-out at least 0")
    if asked.likeness and asked.hold_out < HELD_OUT_LEAST:
        raise RecipeUnfit(f"--likeness needs --hold-out {HELD_OUT_LEAST} or more", field="hold_out")
    if asked.word is not None and not asked.word.strip():
        raise RecipeUnfit("--word is empty", field="word")


def divided(dataset: Dataset, asked: Finetuning) -> tuple[Dataset, Dataset]:
    """What is learned from and what is held out, drawn by the seed; raises TooFewPictures, RecipeUnfit and more."""
    names = read_names(asked.subjects) if asked.subjects else None
    chosen = dataset.only(style=asked.style, names=names).pictures
    if not chosen:
        raise SubjectsMissing(f"{asked.data} has no images of the requested style and subjects")
    count = len(chosen) - asked.hold_out if asked.pictures is None else asked.pictures
    if count < LEAST or count + asked.hold_out > len(chosen):
        raise TooFewPictures(
            f"{asked.data} has {len(chosen)} matching images, of which {asked.hold_out} are held out; training "
            f"requires at least {asked.pictures or LEAST}"
        )
    if count > MOST:
        raise RecipeUnfit(f"{count} images exceed the maximum of {MOST}; set --pictures", field="pictures")
    order = np.random.default_rng(asked.seed).permutation(len(chosen)).tolist()
    learned = [chosen[index] for index in order[:count]]
    kept = [chosen[index] for index in order[count : count + asked.hold_out]]
    return replace(dataset, pictures=tuple(learned)), replace(dataset, pictures=tuple(kept))


def with_word(pictures: tuple[Picture, ...], word: str | None) -> list[Picture]:
    """The pictures, the word before all that each may be called."""
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


def check_room(asked: Finetuning) -> None:
    """Raise DiskTooSmall where the run's examples or the adapter would not fit; the loop looks at its checkpoints."""
    for folder in (asked.run, nearest(asked.out)):
        if (free := shutil.disk_usage(folder).free) < ROOM:
            raise DiskTooSmall(f"{folder} needs {ROOM >> 20} MiB and has {free >> 20}")


def nearest(path: Path) -> Path:
    """The nearest folder above a path that is there."""
    return next(folder for folder in path.absolute().parents if folder.exists())


def recipe_of(
    asked: Finetuning, schedule: Schedule, objective: Objective, pictures: tuple[Picture, ...], pixels: Pixels
) -> dict[str, Any]:
    """All that the weights depend on."""
    return {
        "trains": "adapter",
        "base": model_store.sha256_of(asked.base / model_store.MANIFEST),
        "unet_sha256": unet_sha256(asked.base),
        "pictures": digest_of(pictures, pixels),
        "rank": asked.rank,
        "word": asked.word,
        **asdict(schedule),
        **asdict(objective),
    }


def write_adapter(
    out: Path,
    facts: Adapter,
    network: nn.Module,
    show: Callable[[Path], None],
    learned: Dataset,
    figures: dict[str, Any],
) -> None:
    """Write the folder beside its place, then move it there."""
    partial = out.with_name(f"{out.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_lora(network, partial)
    (partial / FACTS).write_text(json.dumps(asdict(facts), indent=1) + "\n")
    show(partial)
    write_card(partial, facts, learned.pictures, figures)
    for path in partial.iterdir():
        path.chmod(0o644)  # weights are written for their owner alone; a worker runs as somebody else
    model_store.write_manifest(partial)
    partial.rename(out)
