"""Work: how many seconds of a device a request takes, before any of it is done.

A request tells its load in units that no device changes: denoising steps, calls of the pipeline, megapixels. A profile
has the seconds of each unit on one kind of device. Workers' measurements correct both: craftspark.jobs.backlog.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

# Threads of a worker that finish and store images beside the next wave.
FINISHING_THREADS = 2
# The upscaler works in tiles of TILE pixels a side, whose features take some 40 MB, each with the REACH pixels around
# it that the network looks at.
TILE, REACH = 256, 18
ENLARGED = 4  # times as wide and as high, of a drawing that is cut out


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a wave of one request takes. Every call has `wave_size` drawings, however few of them are wanted.

    `steps` are denoising steps of such calls, at the model's default size; `enlarged` are the megapixels that go
    through the upscaler, `painted` those that are composed, `written` those of the delivered files; `cuts` are
    drawings that are cut out, `traced` images that get a cut file.
    """

    steps: float = 0
    calls: int = 0
    enlarged: float = 0
    cuts: int = 0
    painted: float = 0
    images: int = 0
    traced: int = 0
    written: float = 0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Seconds of each unit of a load on one kind of device."""

    step_s: float
    call_s: float
    enlarge_s: float
    cut_s: float
    paint_s: float
    image_s: float
    trace_s: float
    write_s: float

    def call_time_s(self, load: Load) -> float:
        """What the calls of the pipeline take: images of other jobs that fit into them take nothing more."""
        return load.steps * self.step_s + load.calls * self.call_s

    def render_s(self, load: Load) -> float:
        """What the render thread takes."""
        own = load.enlarged * self.enlarge_s + load.cuts * self.cut_s + load.painted * self.paint_s
        return self.call_time_s(load) + own

    def finish_s(self, load: Load) -> float:
        """What the finishing threads take, all of them at work."""
        seconds = load.images * self.image_s + load.traced * self.trace_s + load.written * self.write_s
        return seconds / min(FINISHING_THREADS, max(1, load.images))


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Images of one job that are rendered together. Times are seconds; `calls_s` is the part of `render_s` that images
    of other jobs can share."""

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
        """How long one worker is busy with it; finishing counts where it takes longer than rendering."""
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
        """From the job's first step to its last stored image, on so many workers that have nothing else to do."""
        if len(self.batches) == 1:
            return self.max_batch_s
        at_once = max(1, min(workers, len(self.batches)))
        by_duration = sorted(self.batches, key=_elapsed_s, reverse=True)
        # The longest of each turn; only the last one's finishing is not beside another's rendering.
        turns = by_duration[::at_once]
        return sum(map(_busy_s, turns[:-1])) + _elapsed_s(turns[-1])


def _busy_s(batch: Sequence[Wave]) -> float:
    return max(_sums(batch))


def _elapsed_s(batch: Sequence[Wave]) -> float:
    render_s, finish_s = _sums(batch)
    return max(render_s + batch[-1].finish_s, batch[0].render_s + finish_s)


def _sums(batch: Sequence[Wave]) -> tuple[float, float]:
    """What rendering and finishing take, each by itself."""
    render_s = finish_s = 0.0
    for wave in batch:
        render_s += wave.render_s
        finish_s += wave.finish_s
    return render_s, finish_s


def split(count: int, size: int) -> Iterator[int]:
    """So many images in groups of `size`, the last one smaller."""
    for start in range(0, count, size):
        yield min(size, count - start)


def calls_for(drawings: int, wave_size: int) -> int:
    """How many calls draw so many drawings."""
    return ceil(drawings / wave_size)


def megapixels(width: float, height: float) -> float:
    return width * height / 1e6


def upscaler_megapixels(width: int, height: int, *, alpha: bool = False) -> float:
    """The megapixels that go through the upscaler for a picture of this size; transparency is a picture of its own."""
    around = 2 * REACH
    tiles = sum(
        (min(TILE, width - left) + around) * (min(TILE, height - top) + around)
        for left in range(0, width, TILE)
        for top in range(0, height, TILE)
    )
    return tiles / 1e6 * (2 if alpha else 1)
