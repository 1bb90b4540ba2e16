"""Recorded requests: a CSV file with one row for each request."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from random import Random
from statistics import median

from simulation.demand import BULK, DAY_S, INTERACTIVE, LANES, Demand, Job
from simulation.recorded import RecordingInvalid

ARRIVAL, EXECUTION, IMAGES, STEPS, POOL, MAKER, LANE = (
    "arrival_s",
    "exec_s",
    "images",
    "steps",
    "pool",
    "maker",
    "lane",
)
REQUIRED = (ARRIVAL, EXECUTION)
LONGEST_S = 366 * DAY_S
# Later times are in another unit, or too large for a difference of milliseconds.
LATEST_S = 1e11
MOST_IMAGES = 1000
MOST_JOBS = 20_000_000


@dataclass(frozen=True, kw_only=True)
class _Request:
    at: float
    execution_s: float | None
    images: int
    steps: float
    pool: str
    maker: str
    lane: int


def read_requests(path: Path, *, times: int = 1, jitter_s: float = 60.0, seed: int = 0) -> Demand:
    """The demand of a file. With `times`, each request comes that often, each time moved by up to `jitter_s`.

    A request without a known execution time takes the median time of those with the same images and steps, or the
    median of all. Each copy of a maker is another maker. Raises RecordingInvalid.
    """
    requests = sorted(_read(path), key=lambda request: request.at)
    if not requests:
        raise RecordingInvalid(f"{path}: it has no request")
    if len(requests) * times > MOST_JOBS:
        raise RecordingInvalid(f"{path}: {len(requests)} requests times {times} are more than {MOST_JOBS}")
    start = requests[0].at // DAY_S * DAY_S
    end = max(requests[-1].at + 1.0, start + 3600.0)
    if end - start > LONGEST_S:
        raise RecordingInvalid(f"{path}: {ARRIVAL}: the requests span more than {LONGEST_S // DAY_S} days")
    durations = _Durations(path, requests)
    makers: dict[str, int] = {}
    copies = []
    for request in requests:
        maker = makers.setdefault(request.maker, len(makers))
        copies.append((request, maker, durations.find(request)))
    jobs = _superpose(copies, times, jitter_s, Random(seed), start, end)
    return Demand(
        name=f"{path.name}{f' x {times}' if times > 1 else ''}",
        jobs=sorted(jobs, key=lambda job: job.at),
        length_s=end - start,
        pools=tuple(sorted({request.pool for request in requests})),
    )


def _superpose(
    requests: Iterable[tuple[_Request, int, float]],
    times: int,
    jitter_s: float,
    random: Random,
    start: float,
    end: float,
) -> Iterator[Job]:
    latest = end - start - 1e-3
    for request, maker, execution_s in requests:
        for copy in range(times):
            moved = random.uniform(-jitter_s, jitter_s) if times > 1 else 0.0
            yield Job(
                at=min(max(0.0, request.at - start + moved), latest),
                images=request.images,
                image_s=execution_s / request.images,
                maker=maker * times + copy,
                lane=request.lane,
                pool=request.pool,
            )


class _Durations:
    """The execution time of requests, known or estimated."""

    def __init__(self, path: Path, requests: list[_Request]) -> None:
        alike: dict[tuple[int, float], list[float]] = {}
        for request in requests:
            if request.execution_s is not None:
                alike.setdefault((request.images, request.steps), []).append(request.execution_s)
        if not alike:
            raise RecordingInvalid(f"{path}: {EXECUTION}: no request has an execution time above 0")
        self._alike = {key: median(times) for key, times in alike.items()}
        self._all = median(time for times in alike.values() for time in times)

    def find(self, request: _Request) -> float:
        if request.execution_s is not None:
            return request.execution_s
        return self._alike.get((request.images, request.steps), self._all)


def _read(path: Path) -> Iterator[_Request]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            columns = rows.fieldnames or ()
            if missing := [column for column in REQUIRED if column not in columns]:
                raise RecordingInvalid(f"{path}: line 1: the column {missing[0]} is missing")
            for row in rows:
                yield _parse(row, f"{path}: line {rows.line_num}")
    except OSError as failure:
        raise RecordingInvalid(f"{path}: {failure.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as failure:
        raise RecordingInvalid(f"{path}: not a CSV file in UTF-8: {failure}") from None


def _parse(row: Mapping[str | None, str | None], place: str) -> _Request:
    if None in row:
        raise RecordingInvalid(f"{place}: it has more values than line 1 has columns")
    at = _number(row, ARRIVAL, place)
    if at is None or not 0 <= at <= LATEST_S:
        raise RecordingInvalid(f"{place}: {ARRIVAL}: expected seconds from the start, not {row.get(ARRIVAL)!r}")
    execution_s = _number(row, EXECUTION, place)
    if execution_s is not None and not 0 <= execution_s <= DAY_S:
        raise RecordingInvalid(f"{place}: {EXECUTION}: expected 0 to {DAY_S} s, not {row[EXECUTION]!r}")
    images = _number(row, IMAGES, place)
    if images is not None and not 1 <= images <= MOST_IMAGES:
        raise RecordingInvalid(f"{place}: {IMAGES}: expected 1 to {MOST_IMAGES}, not {row[IMAGES]!r}")
    lane = (row.get(LANE) or LANES[INTERACTIVE]).strip()
    if lane not in LANES:
        raise RecordingInvalid(f"{place}: {LANE}: expected {' or '.join(LANES)}, not {lane!r}")
    return _Request(
        at=at,
        execution_s=execution_s or None,
        images=round(images or 1),
        steps=_number(row, STEPS, place) or 0.0,
        pool=(row.get(POOL) or "").strip() or "draw",
        maker=(row.get(MAKER) or "").strip() or place,
        lane=BULK if lane == LANES[BULK] else INTERACTIVE,
    )


def _number(row: Mapping[str | None, str | None], column: str, place: str) -> float | None:
    """The number in a column, or None without a value."""
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise RecordingInvalid(f"{place}: {column}: expected a number, not {text!r}")
    return number
