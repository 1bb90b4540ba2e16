"""`make bench`: measure, print a table, and write build/bench.json."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    built_in_model,
    cold_start,
    controller,
    estimates,
    flood,
    gallery,
    live_updates,
    local_runs,
    lone_image,
    model_swaps,
    moderation,
    requested_subjects,
    status,
    strict_overhead,
    submit,
    takedown,
    upload_check,
    upscaling,
)
from benchmarks.entries import Entry
from benchmarks.gallery_search import measure as gallery_search
from benchmarks.queue_growth import measure as queue_growth
from benchmarks.tools import (
    cutting,
    lines,
    matting,
    outpainting,
    patterns,
    recipes,
    spacing,
    stickers,
    upscale_memory,
    variations,
)

OUT = Path("build/bench.json")
MEASURES = (
    submit.measure,
    moderation.measure,
    status.measure,
    local_runs.measure_worker_share,
    lone_image.measure,
    local_runs.measure_jobs_per_second,
    strict_overhead.measure,
    estimates.measure_estimate_error,
    flood.measure,
    queue_growth.measure,
    gallery.measure,
    takedown.measure,
    live_updates.measure,
    built_in_model.measure,
    requested_subjects.measure,
    gallery_search.measure,
    cold_start.measure,
    controller.measure,
    model_swaps.measure,
    upscaling.measure,
    patterns.measure,
    spacing.measure,
    outpainting.measure,
    variations.measure,
    upscale_memory.measure,
    cutting.measure,
    stickers.measure,
    lines.measure,
    matting.measure,
    recipes.measure,
    upload_check.measure,
)
VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: "-"}


def main() -> None:
    console = Console(highlight=False, width=None if Console().is_terminal else 140)
    entries: list[Entry] = []
    for measure in MEASURES:
        entries += measure()
    table = Table(title="Benchmarks")
    for column in ("figure", "value", "goal", "", "compared with"):
        table.add_column(column)
    for entry in entries:
        goal = "-" if entry.goal is None else f"{'<=' if entry.better == 'lower' else '>='} {entry.goal:g}"
        beside = ", ".join(f"{name} {value}" for name, value in entry.beside.items())
        table.add_row(entry.name, f"{entry.value:g} {entry.unit}", goal, VERDICTS[entry.meets_goal], beside)
    console.print(table)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(entry) for entry in entries], indent=2) + "\n")


if __name__ == "__main__":
    main()
