"""The cost of several models in one worker: the same work in the order of its arrival and sorted by model."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from statistics import mean

from benchmarks.entries import Entry, build_ratio
from benchmarks.tools.orders import SETTINGS, refuse_source
from craftspark.jobs.batches import Batch, OrderedImage
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.model import Model
from craftspark.parsing.json_values import parse_request
from craftspark.tools import find_tool
from gpu_tasks.renderers.pool_renderer import PoolRenderer
from gpu_tasks.renderers.tool_renderers import Surroundings
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.wave_queue import WaveQueue
from tests.fakes import FakeHandle, a_job
from tests.gpu.tiny_models import save

ROUNDS = 2
JOBS = 100
STEPS = 20
# A load takes a share of the limit that is as small as on a GPU, where it takes seconds and the limit is a minute.
MAX_WAIT_LOADS = 12
NAMES = {"first": "sd-1.5", "second": "sd-2.1-v"}


class CountingRenderer(PoolRenderer):
    """Counts how often a model is loaded, and the time that it takes."""

    loads = 0
    load_s = 0.0

    def __init__(self) -> None:
        settings = replace(SETTINGS, tools=json.dumps({"picture": "first", "variations": "second"}))
        super().__init__(settings.models, Surroundings.of(refuse_source, settings), budget_gib=1.5)
        # A pool has one model for each tool. Here both draw pictures, so that all jobs are equal.
        self._tools = {name: ["picture"] for name in NAMES}

    def load(self, model: str) -> None:
        start = time.perf_counter()
        super().load(model)
        self.loads += 1
        self.load_s += time.perf_counter() - start


def measure() -> list[Entry]:
    """Two tiny models of which one fits. Jobs of both are in the queue in turn, and then sorted by model."""
    with tempfile.TemporaryDirectory() as folder, _catalogue(Path(folder)):
        load_s = _measure_load_s()
        arriving = [name for _ in range(JOBS // 2) for name in NAMES]
        limit_s = MAX_WAIT_LOADS * load_s
        runs = [(_run(arriving, limit_s), _run(sorted(arriving), inf)) for _ in range(ROUNDS)]
    entry = build_ratio(
        "model_swap_overhead",
        [in_turn[0] for in_turn, _ in runs],
        [by_model[0] for _, by_model in runs],
        goal=1.1,
        beside={
            "loads": round(mean(in_turn[1] for in_turn, _ in runs), 1),
            "loads sorted by model": round(mean(by_model[1] for _, by_model in runs), 1),
            "seconds of a load": round(load_s, 3),
            "seconds of the work": round(mean(by_model[0] for _, by_model in runs), 1),
            "jobs": JOBS,
        },
    )
    return [entry]


@contextmanager
def _catalogue(folder: Path) -> Iterator[None]:
    """Add the tiny models to the catalogue."""
    for name, architecture in NAMES.items():
        CATALOGUE[name] = _entry(name, save(architecture, folder / name))
    try:
        yield
    finally:
        for name in NAMES:
            del CATALOGUE[name]


def _entry(name: str, folder: Path) -> Model:
    return replace(
        find_model("stable-diffusion-v1-5"),
        name=name,
        source=f"built-in:{folder}",
        sizes=("64x64",),
        default_size="64x64",
        default_steps=STEPS,
        gpu_memory_gib=1,
        wave=1,
    )


def _measure_load_s() -> float:
    """The time of a swap, after the first loads of the process."""
    renderer = CountingRenderer()
    for name in (*NAMES, *NAMES):
        renderer.load(name)
    renderer.loads, renderer.load_s = 0, 0.0
    for name in NAMES:
        renderer.load(name)
    return renderer.load_s / renderer.loads


def _run(jobs: Sequence[str], max_wait_s: float) -> tuple[float, int]:
    """Render one image of each job, as a worker with all of them in its queue. Returns the seconds and the loads.

    Raises ValueError for an image without a drawing, which would cost no time.
    """
    renderer = CountingRenderer()
    start = time.perf_counter()
    queue = WaveQueue(renderer, max_wait_s)
    queue.add(_claim(name, number) for number, name in enumerate(jobs))
    drawn = 0
    while wave := queue.pop():
        for drawing in renderer.render([order for _, order in wave], lambda _share: None):
            if isinstance(drawing, Exception):
                raise drawing
            drawn += 1
    if drawn != len(jobs):
        raise ValueError(f"{drawn} of {len(jobs)} images were drawn")
    return time.perf_counter() - start, renderer.loads


def _claim(name: str, number: int) -> Claim:
    request = parse_request(find_tool("picture").request, '{"prompt": "apple"}').for_model(find_model(name))
    job = a_job(job_id=f"{number:026}", model=name, request=request.model_dump(), seeds=(number,))
    batch = Batch(
        job_id=job.job_id, maker=job.maker, lane=job.lane, batch=0, images=(OrderedImage(index=0, seed=number),)
    )
    return Claim(FakeHandle(batch), job, stored=())
