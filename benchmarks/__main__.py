"""`make bench`: measure, print a table, and write build/bench.json. `ONLY="takedown submit"`: only these modules."""

import sys

from benchmarks import moderation
from benchmarks.cloud import estimates, flood, largest_paint, live_updates, local_runs, strict_overhead, takedown
from benchmarks.gallery_search import measure as gallery_search
from benchmarks.handlers import controller, gallery, status, submit, upload_check
from benchmarks.queue_growth import measure as queue_growth
from benchmarks.running import run_measures
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
from benchmarks.worker import built_in_model, cold_start, lone_image, model_swaps, requested_subjects, upscaling

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
    largest_paint.measure,
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

if __name__ == "__main__":
    sys.exit(run_measures(MEASURES, sys.argv[1:]))
