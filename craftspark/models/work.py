"""Work: the seconds that a request takes on a device, estimated before it runs.

A request has a load in units that do not depend on the device: denoising steps, pipeline calls, megapixels. A profile
has the seconds per unit on one kind of device. Measurements of workers correct both: see craftspark.jobs.backlog.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

# Threads of a worker that finish and store images while the next wave renders.
FINISHING_THREADS = 2
# Upscalers work in tiles with a side of this many pixels, each with the pixels around it that the network reads. The
# features of a tile take about 40 MB in the built-in upscaler.
TILE = 256
ENLARGED = 4  # scale factor of a drawing that is cut out
MAX_CUT_SIDE = 2048  # maximum pixels of the longer side of a picture that is cut out


@dataclass(frozen=True, kw_only=True)
class Load:
    """The load of a wave of one request. Every call has `wave_size` drawings, even if fewer are needed.

    `steps` are denoising steps of such calls at the model's default size, and `seamless_steps` those of seamless tiles.
    `redraws` are calls that start from a picture, and `repaints` those that repaint a part of one; `calls` has them
    too. `enlarged` are the megapixels for the upscaler, `painted` those that are composed, `written` those of the
    delivered files. `cuts` are drawings that are cut out, `traced` images with a cut file.
    """

    steps: float = 0
    seamless_steps: float = 0
    calls: int = 0
    redraws: int = 0
    repaints: int = 0
    enlarged: float = 0
    cuts: float = 0
    painted: float = 0
    images: int = 0
    traced: float = 0
    written: float = 0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The seconds per unit of load on one kind of device. `redraw_s` and `repaint_s` are in addition to `call_s`."""

    step_s: float = 0.0
    seamless_step_s: float = 0.0
    call_s: float = 0.0
    redraw_s: float = 0.0
    repaint_s: float = 0.0
    enlarge_s: float
    cut_s: float
    paint_s: float
    image_s: float
    trace_s: float
    write_s: float

    def call_time_s(self, load: Load) -> float:
        """The time of the pipeline calls. Images of other jobs that fit into them take no extra time."""
        steps_s = load.steps * self.step_s + load.seamless_steps * self.seamless_step_s
        return steps_s + load.calls * self.call_s + load.redraws * self.redraw_s + load.repaints * self.repaint_s

    def render_s(self, load: Load) -> float:
        """The time of the render thread."""
        own = load.enlarged * self.enlarge_s + load.cuts * self.cut_s + load.painted * self.paint_s
        return self.call_time_s(load) + own

    def finish_s(self, load: Load) -> float:
        """The time of the finishing threads, all of them working."""
        seconds = load.images * self.image_s + load.traced * self.trace_s + load.written * self.write_s
        return seconds / min(FINISHING_THREADS, max(1, load.images))


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Images of one job that are rendered together. Times are seconds. `calls_s` is the part of `render_s` that images
    of other jobs can share.
    """

    images: int
    render_s: float
    finish_s: float
    calls_s: float


@dataclass(frozen=True, kw_only=True)
class Work:
    """The work of a job: its batches, each with its waves."""

    batches: Sequence[Sequence[Wave]]
    wave_size: int

    @property
    def busy_s(self) -> float:
        """How long one worker is busy with the job. Finishing counts if it takes longer than rendering."""
        return sum(map(_busy_s, self.batches))

    @property
    def shared_s(self) -> float:
        """The part of `busy_s` that images of other jobs can share: the calls of waves that are not full."""
        return sum(wave.calls_s for batch in self.batches for wave in batch if wave.images < self.wave_size)

    @cached_property
    def max_batch_s(self) -> float:
        """From the first step of the longest batch to its last stored image."""
        return max(map(_elapsed_s, self.batches))

    def elapsed_s(self, workers: int) -> float:
        """From the job's first step to its last stored image, on this number of otherwise idle workers."""
        if len(self.batches) == 1:
            return self.max_batch_s
        at_once = max(1, min(workers, len(self.batches)))
        by_duration = sorted(self.batches, key=_elapsed_s, reverse=True)
        # The longest batch of each round. Only the finishing of the last round does not overlap with rendering.
        turns = by_duration[::at_once]
        return sum(map(_busy_s, turns[:-1])) + _elapsed_s(turns[-1])


def _busy_s(batch: Sequence[Wave]) -> float:
    return max(_sums(batch))


def _elapsed_s(batch: Sequence[Wave]) -> float:
    render_s, finish_s = _sums(batch)
    return max(render_s + batch[-1].finish_s, batch[0].render_s + finish_s)


def _sums(batch: Sequence[Wave]) -> tuple[float, float]:
    """The times of rendering and finishing."""
    render_s = finish_s = 0.0
    for wave in batch:
        render_s += wave.render_s
        finish_s += wave.finish_s
    return render_s, finish_s


def split(count: int, size: int) -> Iterator[int]:
    """The sizes of the groups when `count` images are split into groups of `size`; the last may be smaller."""
    for start in range(0, count, size):
        yield min(size, count - start)


def calls_for(drawings: int, wave_size: int) -> int:
    """The number of calls for this number of drawings."""
    return ceil(drawings / wave_size)


def megapixels(width: float, height: float) -> float:
    return width * height / 1e6


def upscaler_megapixels(width: int, height: int, reach: int, *, alpha: bool = False) -> float:
    """The megapixels that an upscaler processes for a picture of this size. It reads `reach` pixels around each tile.

    Transparency is a separate picture.
    """
    around = 2 * reach
    tiles = sum(
        (min(TILE, width - left) + around) * (min(TILE, height - top) + around)
        for left in range(0, width, TILE)
        for top in range(0, height, TILE)
    )
    return tiles / 1e6 * (2 if alpha else 1)
