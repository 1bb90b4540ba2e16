"""The card of an adapter: its purpose, its data and its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from craftspark.models.licences import find_licence
from gpu_tasks.inference.adapters import WEIGHTS, Adapter
from gpu_tasks.inference.families import Denoiser
from gpu_tasks.inference.file_hashes import hash_file
from gpu_tasks.training.dataset.picture import CaptionedPicture

NETWORKS: dict[Denoiser, str] = {"unet": "UNet", "transformer": "transformer"}


def write_card(
    folder: Path,
    adapter: Adapter,
    component: Denoiser,
    pictures: Sequence[CaptionedPicture],
    figures: dict[str, Any],
) -> None:
    """Write README.md into the adapter's folder. `component` is the network that it is for."""
    network = NETWORKS[component]
    works = sorted({(picture.attribution or picture.source or "not named", picture.licence) for picture in pictures})
    licences = [find_licence(picture.licence) for picture in pictures]
    names = sorted({licence.name for licence in licences if licence})
    # The card of a dataset with a licence that is not in the table names none, so a push asks for a confirmation.
    front_matter = ["---", "license:", *(f"- {name}" for name in names), "---"] if all(licences) else []
    lines = [
        *front_matter,
        f"# {adapter.name}",
        "",
        f"An adapter (LoRA, rank {adapter.rank}) of the {network} of `{adapter.base}`. Diffusers loads it with "
        f"`load_lora_weights`; the worker refuses it on any other {network}.",
        "",
        "![Pairs of rows: without the adapter, and below with the adapter](before-after.png)",
        "",
        "Each pair of rows has the same prompts and seeds: without the adapter, and below with the adapter. The images "
        "are not selected.",
        "",
        "## Data",
        "",
        f"{len(pictures)} pictures: {', '.join(picture.name for picture in pictures)}.",
        "",
        "| work | licence |",
        "|---|---|",
        *(f"| {work} | {licence} |" for work, licence in works),
        "",
        *([f"Every caption and every prompt starts with `{adapter.word}`.", ""] if adapter.word else []),
        "## Recipe",
        "",
        "`python -m gpu_tasks.training finetune`. The same recipe gives the same bytes on the same kind of machine.",
        "",
        *(f"- `{name}`: `{value}`" for name, value in adapter.recipe.items()),
        "",
        *describe_figures(figures),
        "## Files",
        "",
        f"- `{WEIGHTS}`: SHA-256 `{hash_file(folder / WEIGHTS)}`",
        f"- denoising network of the base model: SHA-256 `{adapter.denoiser_sha256}`",
        "",
        "`manifest.json` has the SHA-256 of every other file in this folder.",
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n")


def describe_figures(figures: dict[str, Any]) -> list[str]:
    if not figures:
        return []
    styles = list(figures["before"])
    rows = {
        "drawn before": figures["before"],
        "drawn after": figures["after"],
        **{f"real pictures of {style}": shares for style, shares in figures["real_pictures"].items()},
    }
    return [
        "## Measured",
        "",
        f"{figures['prompts']} prompts, the names of held-out subjects. A style classifier "
        "(`gpu_tasks/training/evaluation/style.py`) selects the most similar style of each picture. Shares in percent:",
        "",
        f"| | {' | '.join(styles)} |",
        f"|---|{'---|' * len(styles)}",
        *(
            f"| {row} | {' | '.join(f'{100 * shares[style]:.1f}' for style in styles)} |"
            for row, shares in rows.items()
        ),
        "",
        f"Cosine of pictures and prompts in the likeness encoder: `{json.dumps(figures['subject_cosine'])}`.",
        "",
    ]
